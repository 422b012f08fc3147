import { jsonType } from "../message/response.ts";

/** How a server stream becomes a body. */
export interface StreamForm {
  /** Undefined where the first message brings it. */
  readonly contentType: string | undefined;
  /** @param id where the client may go on from, if it is cut off before the first message */
  open(id: string | undefined): readonly Uint8Array[];
  /** @param id where a client may go on from, in a form that tells it */
  message(
    bytes: Uint8Array,
    index: number,
    id: string | undefined,
  ): readonly Uint8Array[];
  readonly close: readonly Uint8Array[];
  /** What may stand between two messages, and means nothing. */
  readonly heartbeat: Uint8Array | undefined;
  /**
   * The piece of the body that reports an error after the first message. Without one the connection must be closed, so that no client takes
   * the incomplete body for a complete one.
   */
  readonly error: ((status: Uint8Array) => readonly Uint8Array[]) | undefined;
}

const ndjsonType = "application/x-ndjson";
const eventStreamType = "text/event-stream";

/** The media types of server streams, the default first. */
export const streamTypes = [ndjsonType, jsonType, eventStreamType] as const;

const encoder = new TextEncoder();
const nothing = new Uint8Array(0);
const newline = encoder.encode("\n");
const openArray = encoder.encode("[");
const comma = encoder.encode(",");
const data = encoder.encode("data: ");
const comment = encoder.encode(":\n\n");
const endOfEvent = encoder.encode("\n\n");
const errorEvent = encoder.encode("event: error\ndata: ");
const errorOpen = encoder.encode('{"error":');
const errorClose = encoder.encode("}\n");

/** The forms by media type. JSON has no raw line feeds, so a message is one line in each of them. */
export const streamForms: Readonly<
  Record<(typeof streamTypes)[number], StreamForm>
> = {
  [ndjsonType]: {
    contentType: ndjsonType,
    open: () => [],
    message: (bytes) => [join(bytes, newline)],
    close: [],
    heartbeat: newline,
    error: (status) => [join(errorOpen, status, errorClose)],
  },
  [jsonType]: {
    contentType: jsonType,
    open: () => [openArray],
    message: (bytes, index) => [index === 0 ? bytes : join(comma, bytes)],
    close: [encoder.encode("]")],
    heartbeat: newline,
    error: undefined,
  },
  [eventStreamType]: {
    contentType: eventStreamType,
    // Without data it is no event, but its id is kept.
    open: (id) => (id === undefined ? [] : [encoder.encode(`id: ${id}\n\n`)]),
    message: (bytes, _index, id) => [
      join(
        id === undefined ? nothing : encoder.encode(`id: ${id}\n`),
        data,
        bytes,
        endOfEvent,
      ),
    ],
    close: [],
    heartbeat: comment,
    error: (status) => [join(errorEvent, status, endOfEvent)],
  },
};

/** The bytes of HttpBody messages, one after the other. */
export const rawForm: StreamForm = {
  contentType: undefined,
  open: () => [],
  message: (bytes) => [bytes],
  close: [],
  heartbeat: undefined,
  error: undefined,
};

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}
