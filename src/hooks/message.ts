import type { RecordedEvent } from "../store/events.ts";

/** What is sent. */
export interface HookMessage {
  /** The same over all tries, and never again. */
  readonly id: string;
  /** JSON. */
  readonly body: string;
}

/** The most bytes of a body. */
const maxBodyBytes = 20_000;

/** What of a payload is in the message by its own name too. */
const lifted = [
  ...["reason", "factor", "failedAttempts", "lockEndTime", "address"],
];

/**
 * The id of a message. A backup that was restored gives positions anew, and so may a copy: those events are of another time.
 *
 * @param instanceId of the installation
 */
export function messageId(
  instanceId: string,
  { position, creationMicros }: RecordedEvent,
): string {
  return `${instanceId}_${position}_${creationMicros}`;
}

/** The message of an event. One that would be too long has no payload. */
export function eventMessage(
  instanceId: string,
  event: RecordedEvent,
): HookMessage {
  const { payload = {}, aggregateType } = event;
  const own = Object.fromEntries(
    Object.entries(payload).filter(([name]) => lifted.includes(name)),
  );
  const data = {
    ...(aggregateType === "user" && { userId: event.aggregateId }),
    ...(aggregateType !== "instance" && {
      organizationId: event.resourceOwner,
    }),
    ...{ position: event.position, sequence: event.sequence },
    ...own,
    ...{ editor: event.editor, aggregateId: event.aggregateId, aggregateType },
  };
  const write = (more: object) =>
    JSON.stringify({
      type: event.type,
      timestamp: timeOf(event.creationMicros),
      data: { ...data, ...more },
    });
  const complete = write(event.payload === undefined ? {} : { payload });
  return {
    id: messageId(instanceId, event),
    body: Buffer.byteLength(complete) < maxBodyBytes ? complete : write({}),
  };
}

/** The message of a test. @param now milliseconds since 1970 */
export function testMessage(id: string, now: number): HookMessage {
  const timestamp = new Date(now).toISOString();
  return {
    id,
    body: JSON.stringify({ type: "hook.test", timestamp, data: {} }),
  };
}

/** RFC 3339 with microseconds. */
function timeOf(micros: number): string {
  const time = new Date(Math.floor(micros / 1000)).toISOString();
  return time.replace("Z", `${String(micros % 1000).padStart(3, "0")}Z`);
}
