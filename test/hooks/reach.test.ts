import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createServer } from "node:http";
import { reachOf } from "../../src/addresses/reach.ts";
import { mayReach, urlFault } from "../../src/outbound/url.ts";
import { createAttempt } from "../../src/hooks/attempt.ts";
import type { Attempted } from "../../src/hooks/attempt.ts";
import type { HookRecord } from "../../src/store/hooks.ts";
import { startReceiver } from "./receiver.ts";
import type { Receiver } from "./receiver.ts";

// No way into the network behind the server.

const strict = { allowHttp: true, allowPrivate: false };

/** URLs that name an address in some way. */
const refusedUrls = [
  "http://127.0.0.1/",
  "http://127.1/",
  "http://2130706433/",
  "http://0x7f000001/",
  "http://0177.0.0.1/",
  "http://0x7f.1/",
  "http://127.0.0.1./",
  "http://①②⑦.0.0.1/",
  "http://%31%32%37.0.0.1/",
  "http://0/",
  "http://0.0.0.0/",
  "http://10.1.2.3/",
  "http://100.64.0.1/",
  "http://169.254.169.254/latest/meta-data/",
  "http://2852039166/latest/meta-data/",
  "http://172.31.255.255/",
  "http://192.0.0.192/",
  "http://192.168.0.1/",
  "http://198.19.0.1/",
  "http://203.0.113.9/",
  "http://224.0.0.1/",
  "http://255.255.255.255/",
  "http://[::]/",
  "http://[::1]/",
  "http://[0:0:0:0:0:0:0:1]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[::ffff:7f00:1]/",
  "http://[::127.0.0.1]/",
  "http://[64:ff9b::10.0.0.1]/",
  "http://[64:ff9b:1::8.8.8.8]/",
  "http://[2002:7f00:1::]/",
  "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
  "http://[fc00::1]/",
  "http://[fd00:ec2::254]/",
  "http://[fe80::1]/",
  "http://[fec0::1]/",
  "http://[ff02::1]/",
  "http://[2001:db8::1]/",
  "http://[3fff::1]/",
  "http://[5f00::1]/",
  "http://[100::1]/",
];

describe("a URL with an address", () => {
  it.each(refusedUrls)("%s is refused", (url) => {
    expect(urlFault(url, strict)).toMatch(/reachable from everywhere/);
  });

  it.each([
    "http://1.1.1.1/",
    "http://192.0.0.9/",
    "http://100.63.255.255/",
    "http://172.32.0.1/",
    "http://[2606:4700:4700::1111]/",
    "http://[64:ff9b::1.1.1.1]/",
    "http://[2001:20::1]/",
    "http://localhost/",
    "http://example.com:8443/a?b=c#d",
  ])("%s may be one", (url) => {
    expect(urlFault(url, strict)).toBeUndefined();
  });

  it.each([
    ["not a url", /is not a URL/],
    ["https://", /is not a URL/],
    ["file:///etc/passwd", /https:/],
    ["https://ann@example.com/", /user name/],
    ["https://:pw@example.com/", /user name/],
  ] as const)("%s is refused for another reason", (url, why) => {
    expect(urlFault(url, strict)).toMatch(why);
  });

  it("begins with https, unless http is allowed", () => {
    const rules = { allowHttp: false, allowPrivate: false };
    expect(urlFault("http://example.com/", rules)).toMatch(/hooks-allow-http/);
    expect(urlFault("https://example.com/", rules)).toBeUndefined();
  });

  it("may be private where that is allowed, but never where clouds tell secrets", () => {
    const allowed = { allowHttp: true, allowPrivate: true };
    for (const address of ["127.0.0.1", "10.0.0.1", "::1", "fc00::1"]) {
      expect(reachOf(address)).toBe("private");
      expect(mayReach(address, allowed)).toBe(true);
    }
    for (const address of [
      ...["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "0.0.0.0"],
      ...["fe80::1%eth0", "::ffff:10.0.0.1", "nothing", "224.0.0.1"],
    ]) {
      expect(mayReach(address, allowed)).toBe(false);
    }
  });
});

const message = { id: "1", body: "{}" };

function hookAt(url: string, owner?: string): HookRecord {
  return {
    ...{ id: "1", owner, url, eventTypes: [], presets: [] },
    ...{ sealedSecret: "whsec_AAAA", oldSecret: undefined },
    ...{ disableReason: undefined, creationDate: 0, changeDate: 0 },
    ...{ since: 0, position: 0, lastSuccess: undefined },
  };
}

async function attemptAt(
  url: string,
  resolve: (name: string) => Promise<readonly string[]>,
  rules = strict,
  owner?: string,
): Promise<Attempted | undefined> {
  const attempt = createAttempt({
    ...{ now: Date.now, rules, resolve, userAgent: "test" },
    secrets: async () => ({
      seal: (_id, secret) => secret,
      unseal: (_id, sealed) => sealed,
    }),
  });
  const hook = hookAt(url, owner);
  return attempt(hook, message, async () => hook);
}

describe("a name", () => {
  let receiver: Receiver;
  let port: string;
  beforeEach(async () => {
    receiver = await startReceiver();
    port = new URL(receiver.url).port;
  });
  afterEach(() => receiver.close());

  it.each([
    [["127.0.0.1"]],
    [["1.1.1.1", "127.0.0.1"]],
    [["::ffff:127.0.0.1"]],
    [["169.254.169.254"]],
  ])("that leads to %j is not connected to", async (addresses) => {
    const result = await attemptAt(
      `http://example.com:${port}/`,
      async () => addresses,
    );
    expect(result).toMatchObject({
      outcome: "unreachable",
      error: expect.stringMatching(/reachable from everywhere/) as string,
    });
    expect(receiver.received).toHaveLength(0);
  });

  it("is connected to at the address that was judged, wherever it leads a moment later", async () => {
    const rules = { allowHttp: true, allowPrivate: true };
    const asked: string[] = [];
    const result = await attemptAt(
      `http://example.com:${port}/`,
      async (name) => {
        asked.push(name);
        return asked.length === 1 ? ["127.0.0.1"] : ["169.254.169.254"];
      },
      rules,
    );
    expect(result).toMatchObject({ outcome: "delivered", status: 204 });
    expect(asked).toEqual(["example.com"]);
    expect(receiver.received[0]?.headers.host).toBe(`example.com:${port}`);
  });

  it("that nobody knows is an unreachable one", async () => {
    expect(
      await attemptAt("http://example.com/", async () => {
        throw new Error("no such name");
      }),
    ).toMatchObject({ outcome: "unreachable", status: 0 });
  });

  it("leads no further: a redirect is a refusal", async () => {
    const rules = { allowHttp: true, allowPrivate: true };
    receiver.respond = (_request, response) => {
      response.writeHead(307, { location: `${receiver.url}/other` }).end();
      return undefined;
    };
    expect(await attemptAt(receiver.url, async () => [], rules)).toMatchObject({
      ...{ outcome: "refused", status: 307 },
      error: "redirects are not followed",
    });
    expect(receiver.received).toHaveLength(1);
  });

  it("of a private receiver keeps what it said for the instance alone", async () => {
    const rules = { allowHttp: true, allowPrivate: true };
    receiver.respond = (_request, response) => {
      response.writeHead(500).end("internal words");
      return undefined;
    };
    const none = async () => [];
    expect(await attemptAt(receiver.url, none, rules)).toMatchObject({
      ...{ status: 500, response: "internal words" },
    });
    expect(await attemptAt(receiver.url, none, rules, "7")).toMatchObject({
      ...{ status: 500, response: "", error: "" },
    });
    await receiver.close();
    expect(await attemptAt(receiver.url, none, rules, "7")).toMatchObject({
      ...{ status: 0, error: "", outcome: "unreachable" },
    });
    receiver = await startReceiver();
  });
});

describe("a receiver that misbehaves", () => {
  const rules = { allowHttp: true, allowPrivate: true };

  it("is read no further than 64 KiB, and kept as 1 KiB", async () => {
    let isClosed: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => {
      isClosed = resolve;
    });
    const server = createServer((_request, response) => {
      response.writeHead(200);
      const write = () => {
        response.write("ü".repeat(10_000), write);
      };
      write();
      response.on("close", isClosed);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    const result = await attemptAt(
      `http://127.0.0.1:${port}/`,
      async () => [],
      rules,
    );
    await closed;
    expect(result).toMatchObject({ outcome: "delivered", status: 200 });
    expect(Buffer.byteLength(result?.response ?? "")).toBeLessThanOrEqual(1024);
    expect(result?.response).toMatch(/^ü+$/);
    await new Promise((resolve) => server.close(resolve));
  });
});
