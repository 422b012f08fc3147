import { setTimeout as delay } from "node:timers/promises";
import type { Attack, Target } from "../attack.ts";
import type { Tally } from "../tally.ts";
import { openSession } from "../wire/grpc.ts";
import { bearer, openRead, request } from "../wire/http1.ts";
import { envelope, field } from "../wire/messages.ts";
import { atOnce, flood, Span } from "../wire/pace.ts";
import { openClient } from "../wire/rest.ts";

export const unknownTokens: Attack = {
  name: "unknown-tokens",
  what: "Calls with another wrong token of 8 kB each, without a pause, on 8 connections.",
  run: async (target, tally) => {
    const span = new Span(target);
    let turn = 0;
    const next = () => {
      turn += 1;
      const token = `${turn}`.padEnd(8000, "t");
      return request("GET", "/v2/settings/lockout", {
        authorization: `Bearer ${token}`,
      });
    };
    await atOnce(8, async () => {
      while (!span.over) {
        await flood(await openRead(target, tally), next, span);
      }
    });
    return undefined;
  },
};

export const organizationHeaders: Attack = {
  name: "organization-headers",
  what: "Calls that name another organisation of 8 kB each in their header, without a pause, on 8 connections.",
  role: "IAM_OWNER_VIEWER",
  run: async (target, tally) => {
    const span = new Span(target);
    let turn = 0;
    const next = () => {
      turn += 1;
      const orgId = `${turn}`.padEnd(8000, "o");
      return request("GET", "/management/v1/policies/lockout", {
        ...bearer(target.token),
        "x-zitadel-orgid": orgId,
      });
    };
    await atOnce(8, async () => {
      while (!span.over) {
        await flood(await openRead(target, tally), next, span);
      }
    });
    return undefined;
  },
};

/** A way to begin an unlock, whose body is sent later. */
interface LateUnlock {
  readonly name: string;
  /** Resolves with whether it was carried out. */
  readonly run: (
    target: Target,
    tally: Tally,
    token: string,
    userId: string,
    body: Promise<void>,
  ) => Promise<boolean>;
}

const lateUnlocks: readonly LateUnlock[] = [
  ...["/management/v1/users/ID/_unlock", "/v2/users/ID/unlock"].map(
    (path): LateUnlock => ({
      name: path,
      run: async (target, tally, token, userId, body) => {
        const socket = await openRead(target, tally);
        let received = "";
        socket.on("data", (chunk: Buffer) => {
          received += chunk.toString();
        });
        const asked = request(
          "POST",
          path.replace("ID", userId),
          bearer(token),
          Buffer.from("{}"),
        );
        socket.write(asked.subarray(0, -2));
        await body;
        socket.write(asked.subarray(-2));
        await delay(500);
        return received.startsWith("HTTP/1.1 200");
      },
    }),
  ),
  ...["application/grpc", "application/proto"].map((type): LateUnlock => ({
    name: type,
    run: async (target, _tally, token, userId, body) => {
      const session = openSession(target);
      const stream = session.request({
        ":method": "POST",
        ":path": "/zitadel.management.v1.ManagementService/UnlockUser",
        "content-type": type,
        te: "trailers",
        authorization: `Bearer ${token}`,
      });
      let succeeded = false;
      stream.on("response", ({ ":status": status }) => {
        succeeded = type === "application/proto" && status === 200;
      });
      stream.on("trailers", ({ "grpc-status": status }) => {
        succeeded = status === "0";
      });
      stream.on("error", () => undefined).resume();
      const message = field(1, userId);
      await body;
      stream.end(type === "application/grpc" ? envelope(message) : message);
      await delay(500);
      session.destroy();
      return succeeded;
    },
  })),
];

export const lateUnlock: Attack = {
  name: "late-unlock",
  what: "Unlocks whose token is revoked after their header and before their body, which comes 2 s later, by REST, gRPC and Connect: none may be carried out.",
  run: async (target, tally) => {
    const admin = openClient({ ...target, token: target.adminToken });
    const faults = await Promise.all(
      lateUnlocks.map(async ({ name, run }, index) => {
        const userId = `late-${index}`;
        await admin.must("PUT", `/lockout/v1/users/${userId}`, {
          state: "USER_STATE_ACTIVE",
        });
        await admin.must("POST", `/management/v1/users/${userId}/_lock`, {});
        const created = (await admin.must("POST", "/lockout/v1/tokens", {
          name,
          roles: ["ORG_OWNER"],
        })) as {
          secret: string;
          token: { tokenId: string };
        };
        const body = delay(200)
          .then(() =>
            admin.must("DELETE", `/lockout/v1/tokens/${created.token.tokenId}`),
          )
          .then(() => delay(2000));
        const succeeded = await run(
          target,
          tally,
          created.secret,
          userId,
          body,
        );
        const lockout = (await admin.must(
          "GET",
          `/lockout/v1/users/${userId}/lockout`,
        )) as { locked?: boolean };
        return succeeded || lockout.locked !== true
          ? [`${name}: carried out with a revoked token`]
          : [];
      }),
    );
    admin.close();
    return faults.flat();
  },
};
