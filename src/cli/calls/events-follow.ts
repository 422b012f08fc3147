import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { ListEventsRequestSchema } from "../../../gen/zitadel/admin_pb.js";
import type { Event } from "../../../gen/zitadel/event_pb.js";
import type { Clients } from "../transport/clients.ts";
import { incompleteResponse, OperationError } from "../terminal/failure.ts";
import { justBefore } from "../terminal/times.ts";

type ListRequest = Exclude<
  MessageInitShape<typeof ListEventsRequestSchema>,
  { readonly $typeName: string }
>;

const pageSize = 1000;

/** How often the log is read where no watch tells of new events, as before it has begun, in milliseconds. */
const everyMs = 2000;

/** How long a server that is away is left alone. */
const retryMs = 1000;

/**
 * Prints events, oldest first, and then each as it comes, until it is aborted. Each list begins behind the date of the last event, which no
 * other event has: so none is missed or printed twice, however often the server is away meanwhile. A watch says when to list.
 *
 * @param wanted which events
 * @param since the time from which on events are printed, in milliseconds; undefined: from now on
 * @throws ConnectError where the caller may not read events, and OperationError where the server was away from the start
 */
export async function followEvents(
  { admin, attempts }: Pick<Clients, "admin" | "attempts">,
  wanted: ListRequest,
  since: number | undefined,
  print: (events: readonly Event[]) => void,
  signal: AbortSignal,
): Promise<void> {
  let after = since === undefined ? await newestDate(admin) : justBefore(since);
  let isBegun = since === undefined;
  // Ends the watch where a list fails.
  const ended = new AbortController();
  const ending = AbortSignal.any([signal, ended.signal]);
  const bell = watch(attempts, wanted.eventTypes ?? [], ending);
  while (!signal.aborted) {
    const rung = bell.next();
    try {
      const { events } = await admin.listEvents(
        {
          ...wanted,
          ...{ asc: true, limit: pageSize },
          ...(after !== undefined && {
            creationDateFilter: { case: "from", value: after },
          }),
        },
        { signal },
      );
      isBegun = true;
      print(events);
      after = events.at(-1)?.creationDate ?? after;
      if (events.length < pageSize) {
        await rung;
      }
    } catch (error) {
      if (!ending.aborted && (!isBegun || !isPassing(error))) {
        ended.abort();
        throw error;
      }
      await pause(signal);
    }
  }
}

async function newestDate(
  admin: Clients["admin"],
): Promise<Timestamp | undefined> {
  const { events } = await admin.listEvents({ limit: 1 });
  const [newest] = events;
  if (newest !== undefined && newest.creationDate === undefined) {
    throw incompleteResponse();
  }
  return newest?.creationDate;
}

/** Watches, again and again; `next` resolves when something new has come, and now and then. */
function watch(
  attempts: Clients["attempts"],
  eventTypes: readonly string[],
  signal: AbortSignal,
) {
  let wake: () => void = () => undefined;
  const run = async () => {
    while (!signal.aborted) {
      try {
        const types = { eventTypes: [...eventTypes] };
        const events = attempts.watchEvents(types, { signal, timeoutMs: 0 });
        const reader = events[Symbol.asyncIterator]();
        while ((await reader.next()).done !== true) {
          wake();
        }
      } catch {
        // The list says what is wrong.
        await pause(signal);
      }
    }
  };
  void run();
  return {
    next: () =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener("abort", wake, { once: true });
      }),
  };
}

/** Whether an error says that a server is away, which will come back. */
function isPassing(error: unknown): boolean {
  const { code, cause } = ConnectError.from(error);
  return (
    cause instanceof OperationError ||
    [Code.Unavailable, Code.Aborted, Code.Canceled].includes(code)
  );
}

async function pause(signal: AbortSignal): Promise<void> {
  await delay(retryMs, undefined, { signal }).catch(() => undefined);
}
