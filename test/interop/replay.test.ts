import { readdirSync, readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import type { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { basic, signInAt, tokenOf } from "../support/sign-in.ts";
import type { Program } from "../support/sign-in.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";

// What ZITADEL's clients send first, as they sent it: `support/recorder.ts` says how it was recorded.

const folder = new URL("replay/", import.meta.url);

/** A request of a client, and the shape of the response that it went on from. */
interface Recorded {
  readonly protocol: "HTTP/1.1" | "HTTP/2";
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  /** Text over HTTP/1.1; base64 over HTTP/2. */
  readonly body: string;
  /** What the assertion in the body said beside its issuer and its key. */
  readonly assertion?: {
    readonly header: object;
    readonly claims: object;
    readonly isAudienceText: boolean;
    readonly lifetime: number;
  };
  readonly response: object;
}

const clients = readdirSync(folder).map(
  (name) =>
    JSON.parse(readFileSync(new URL(name, folder), "utf8")) as {
      readonly client: string;
      readonly requests: readonly Recorded[];
    },
);

let server: TestServer;
let program: Program;
let token: string;
const programs = signInAt(() => server);

beforeAll(async () => {
  server = await startTestServer();
  program = await programs.makeProgram();
  token = await tokenOf(programs.byAssertion(programs.assertionOf(program)));
});

afterAll(async () => {
  await server.close();
});

describe.each(clients)("what $client sends first", ({ requests }) => {
  it.each(requests)("$protocol: $method $path", async (recorded) => {
    expect(
      recorded.protocol === "HTTP/1.1"
        ? await sendBytes(recorded)
        : await sendStream(recorded),
    ).toEqual(recorded.response);
  });
});

/** Puts what is different in each run into its place. */
function fill(template: string, { assertion }: Recorded): string {
  const values: Readonly<Record<string, () => string>> = {
    address: () => `${server.host}:${server.port}`,
    token: () => token,
    basic: () =>
      basic(program.loginName, program.secret).authorization.slice(
        "Basic ".length,
      ),
    clientId: () => program.loginName,
    secret: () => program.secret,
    assertion: () => assertionAs(assertion),
  };
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    return values[name]?.() ?? whole;
  });
}

function assertionAs(recorded: Recorded["assertion"]): string {
  if (recorded === undefined) {
    throw new Error("the fixture does not say what the assertion was");
  }
  const { header, claims, isAudienceText, lifetime } = recorded;
  return programs.assertionOf(program, {
    header,
    claims: {
      ...{ ...claims, exp: programs.seconds() + lifetime },
      ...(isAudienceText && { aud: server.url }),
    },
  });
}

/** Sends the bytes of HTTP/1.1, and reads the one response. */
async function sendBytes(recorded: Recorded): Promise<object> {
  const body = Buffer.from(fill(recorded.body, recorded));
  const lines = recorded.headers
    // The server closes behind its response, so that its end is seen.
    .filter(([name]) => name.toLowerCase() !== "connection")
    .map(([name, value]) =>
      name.toLowerCase() === "content-length"
        ? `${name}: ${body.length}`
        : `${name}: ${fill(value, recorded)}`,
    );
  const socket = connect(server.port, server.host);
  socket.write(
    [
      `${recorded.method} ${recorded.path} HTTP/1.1`,
      ...[...lines, "Connection: close", "", ""],
    ].join("\r\n"),
  );
  socket.write(body);
  const answer = await text(socket);
  const [head = "", ...rest] = answer.split("\r\n\r\n");
  const content = rest.join("\r\n\r\n");
  return {
    status: Number(head.split(" ")[1]),
    type: /^content-type: (.*)$/im.exec(head)?.[1],
    keys: Object.keys(JSON.parse(content) as object).sort(),
  };
}

/** Sends the header fields and the body of a stream of HTTP/2. */
async function sendStream(recorded: Recorded): Promise<object> {
  const session = connectHttp2(server.url);
  try {
    const stream = session.request(
      Object.fromEntries(
        recorded.headers.map(([name, value]) => [name, fill(value, recorded)]),
      ),
    );
    stream.end(Buffer.from(recorded.body, "base64"));
    const seen: Record<string, unknown> = {};
    for (const event of ["response", "trailers"]) {
      stream.on(event, (headers: object) => Object.assign(seen, headers));
    }
    await buffer(stream as Readable);
    return { status: seen[":status"], grpcStatus: seen["grpc-status"] };
  } finally {
    session.close();
  }
}
