/**
 * A store in a process of its own, told what to do by messages: `node store-process.ts FILE server|tool`. It answers
 * `ready` once the file is open.
 */
import { createIds } from "../../src/store/ids.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import type { StoreRequest, StoreResponse } from "./store-messages.ts";
import { changePolicy } from "../support/change-policy.ts";

const [, , path, role] = process.argv;
if (path === undefined) {
  throw new Error("usage: store-process.ts FILE server|tool");
}

const store = await openSqliteStore({
  path,
  exclusive: role === "server",
  now: Date.now,
  newId: createIds(Date.now, 1),
});

const answer = (response: StoreResponse) => process.send?.(response);

async function change(orgId: string, value: number): Promise<number> {
  const { sequence } = await changePolicy(
    store,
    { kind: "org", orgId },
    "process",
    () => ({
      numbers: {
        event: {
          type: "org.policy.lockout.changed",
          payload: { maxPasswordAttempts: value },
        },
        limits: { maxPasswordAttempts: value, maxOtpAttempts: 0 },
      },
    }),
  );
  return sequence;
}

let streaming = new AbortController();

async function stream(orgId: string): Promise<void> {
  streaming = new AbortController();
  const { signal } = streaming;
  let sequence = 0;
  while (!signal.aborted) {
    sequence = await change(orgId, 1);
  }
  answer({ kind: "changed", sequence });
}

process.on("message", (request: StoreRequest) => {
  const failed = (error: unknown) =>
    answer({
      kind: "failed",
      name: error instanceof Error ? error.name : "",
      message: String(error),
    });
  switch (request.kind) {
    case "change":
      change(request.orgId, request.value).then(
        (sequence) => answer({ kind: "changed", sequence }),
        failed,
      );
      break;
    case "stream":
      stream(request.orgId).catch(failed);
      break;
    case "stop":
      streaming.abort();
      break;
  }
});

answer({ kind: "ready" });
