/**
 * A process that asks a server for its health and logs a known user in, all the time and whatever became of the calls before. It
 * comes from another address than the attackers.
 */
import type { ClientHttp2Session } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { fromBinary } from "@bufbuild/protobuf";
import {
  BeginAttemptResponseSchema,
  Decision,
} from "../../gen/lockout/v1/attempt_service_pb.js";
import { takeOrders } from "../../bench/support/worker.ts";
import { callGrpc, connectSocket, openSession } from "./wire/grpc.ts";
import { field, numberField } from "./wire/messages.ts";

/** Begins to measure after a warm-up, or ends. */
export type ProbeOrder =
  | {
      readonly begin: {
        readonly port: number;
        readonly tls: boolean;
        readonly token: string;
        readonly loginNames: readonly string[];
      };
    }
  | { readonly begin?: undefined };

/** A response, or that there was none. */
export interface Sample {
  /** Milliseconds since the measurement began. */
  readonly at: number;
  readonly ms: number;
  readonly failed?: string;
}

export interface ProbeResult {
  readonly health: readonly Sample[];
  readonly logins: readonly Sample[];
}

const localAddress = "127.0.0.2";
const intervalMs = 25;
const warmUpLogins = 200;
/** For how long a response is awaited after the end. */
const graceMs = 3000;
const password = 1;
const succeeded = 1;

class Measurement {
  readonly result = { health: [] as Sample[], logins: [] as Sample[] };
  readonly #began = performance.now();
  readonly #open = new Set<Promise<void>>();
  readonly #gaveUp = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(health: () => Promise<void>, login: () => Promise<void>) {
    this.#timer = setInterval(() => {
      this.#time(this.result.health, health);
      this.#time(this.result.logins, login);
    }, intervalMs);
  }

  #time(samples: Sample[], run: () => Promise<void>): void {
    const began = performance.now();
    const settle = (failed?: string) => {
      this.#open.delete(timed);
      samples.push({
        at: began - this.#began,
        ms: performance.now() - began,
        ...(failed !== undefined && { failed }),
      });
    };
    const gaveUp = new Promise<never>((_, reject) => {
      this.#gaveUp.signal.addEventListener("abort", () => {
        reject(new Error("no response"));
      });
    });
    const timed: Promise<void> = Promise.race([run(), gaveUp]).then(
      () => {
        settle();
      },
      (error: unknown) => {
        settle(error instanceof Error ? error.message : String(error));
      },
    );
    this.#open.add(timed);
  }

  async end(): Promise<ProbeResult> {
    clearInterval(this.#timer);
    const grace = delay(graceMs, undefined, { ref: false });
    await Promise.race([Promise.all(this.#open), grace]);
    this.#gaveUp.abort();
    await Promise.all(this.#open);
    return this.result;
  }
}

let measurement: Measurement | undefined;
let session: ClientHttp2Session | undefined;

takeOrders(async ({ begin }: ProbeOrder): Promise<ProbeResult | undefined> => {
  if (begin === undefined) {
    const result = await measurement?.end();
    session?.destroy();
    return result;
  }
  const { loginNames, token } = begin;
  let connection = openSession({ ...begin, localAddress });
  const current = () => {
    if (connection.destroyed || connection.closed) {
      connection = openSession({ ...begin, localAddress });
    }
    session = connection;
    return connection;
  };
  let logins = 0;
  const login = () => {
    logins += 1;
    return logIn(
      current(),
      token,
      loginNames[logins % loginNames.length] ?? "",
    );
  };
  let checks = 0;
  const health = () => {
    checks += 1;
    return checks % 2 === 0 ? checkGrpc(current()) : checkHttp(begin);
  };
  for (let count = 0; count < warmUpLogins; count += 1) {
    await login();
    if (count % 4 === 0) {
      await health();
    }
  }
  measurement = new Measurement(health, login);
  return undefined;
});

async function logIn(
  connection: ClientHttp2Session,
  token: string,
  name: string,
): Promise<void> {
  const call = async (method: string, message: Uint8Array) => {
    const path = `/lockout.v1.AttemptService/${method}`;
    const response = await callGrpc(connection, path, token, message);
    if (response.status === 0) {
      return response.message;
    }
    throw new Error(`${method}: status ${response.status}`);
  };
  const begun = fromBinary(
    BeginAttemptResponseSchema,
    await call(
      "BeginAttempt",
      Buffer.concat([field(2, name), numberField(3, password)]),
    ),
  );
  if (begun.decision !== Decision.PROCEED) {
    throw new Error(`BeginAttempt decided ${Decision[begun.decision]}`);
  }
  await call(
    "CompleteAttempt",
    Buffer.concat([field(1, begun.attemptId), numberField(2, succeeded)]),
  );
}

async function checkGrpc(connection: ClientHttp2Session): Promise<void> {
  const path = "/grpc.health.v1.Health/Check";
  const { status } = await callGrpc(connection, path, "", Buffer.alloc(0));
  if (status !== 0) {
    throw new Error(`health: status ${status}`);
  }
}

/** As probes of containers do: each time a new connection. */
function checkHttp(options: { port: number; tls: boolean }): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({
      ...options,
      localAddress,
      protocol: "http/1.1",
    });
    let received = "";
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString();
    });
    socket.on("error", reject);
    socket.on("close", () => {
      if (received.startsWith("HTTP/1.1 200 ")) {
        resolve();
      } else {
        reject(new Error(`health: ${received.slice(0, 40)}`));
      }
    });
    socket.write(
      "GET /debug/healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
    );
  });
}
