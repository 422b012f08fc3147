import type { Message } from "@bufbuild/protobuf";
import type { MethodImplSpec } from "@connectrpc/connect";
import {
  createAsyncIterable,
  transformInvokeImplementation,
} from "@connectrpc/connect/protocol";
import { eachUntilAborted, untilAborted } from "./abort.ts";
import {
  admit,
  type CallHandler,
  type CallParts,
  fieldsOf,
  type Found,
  readMessage,
  responseHeader,
} from "./call.ts";
import { type CallContext, createContext } from "./context.ts";
import type { TranscodingRequest } from "../options.ts";
import {
  rawForm,
  type StreamForm,
  streamForms,
  streamTypes,
} from "./stream-form.ts";
import { streamOpening } from "./stream-opening.ts";
import { parseTimeout, type Timeout } from "../headers/timeout.ts";

const nothing = new Uint8Array(0);

/** The header that says where a client may go on from. */
const lastEventId = "last-event-id";

/** The messages of a stream of which the first one, or the end, has come, or that its method has opened before. */
interface StartedStream {
  readonly form: StreamForm;
  readonly first: IteratorResult<Message> | Promise<IteratorResult<Message>>;
  next(): Promise<IteratorResult<Message>>;
  /** Aborts the signal of the handler: the client has left. */
  close(): Promise<void>;
}

/**
 * The handler of a server stream. Headers wait for the first message, so that an error before it has a status of its own, unless the
 * method opens the stream; the form is negotiated by Accept.
 */
export function createServerStreamHandler(
  spec: MethodImplSpec & { kind: "server_streaming" },
  parts: CallParts,
): CallHandler {
  const { options, responses, writer, eventId } = parts;

  async function start(
    request: TranscodingRequest,
    match: Found,
    timeout: Timeout,
    context: CallContext,
  ): Promise<StartedStream> {
    const type = await admit(parts, request, timeout, context, streamTypes);
    const message = await readMessage(parts, request, match);
    const invoke = transformInvokeImplementation(
      spec,
      context,
      options.interceptors,
    );
    const opening = streamOpening(context.values);
    const iterator = eachUntilAborted(
      context.signal,
      invoke(createAsyncIterable([message])),
    )[Symbol.asyncIterator]();
    const next = () => iterator.next();
    const first = next();
    // Of raw bytes the first message says the type, so the header waits for it in any case.
    const opened = writer.raw
      ? await first
      : await Promise.race([first, opening.then(() => undefined)]);
    // Who reads the body hears of it.
    first.catch(ignore);
    return {
      form: writer.raw ? rawForm : streamForms[type],
      first: opened ?? first,
      next,
      async close() {
        await iterator.return?.();
      },
    };
  }

  async function* body(
    stream: StartedStream,
    context: CallContext,
  ): AsyncGenerator<Uint8Array> {
    const { form } = stream;
    let finished = false;
    try {
      // The header leaves with the first piece, though it be empty.
      if (stream.first instanceof Promise) {
        yield nothing;
      }
      yield* form.open(context.responseHeader.get(lastEventId) ?? undefined);
      let count = 0;
      for (
        let result = await stream.first;
        result.done !== true;
        result = await stream.next()
      ) {
        yield* form.message(
          writer.write(result.value).bytes,
          count++,
          eventId?.(result.value),
        );
      }
      finished = true;
      yield* form.close;
    } catch (error) {
      finished = true;
      context.end(error);
      if (form.error === undefined) {
        throw error;
      }
      yield* form.error(responses.errorBytes(error));
    } finally {
      context.end();
      if (!finished) {
        stream.close().catch(ignore);
      }
    }
  }

  return async (request, match) => {
    const timeout = parseTimeout(fieldsOf(request), options.maxTimeoutMs);
    const context = createContext(parts, request, timeout);
    try {
      const running = start(request, match, timeout, context);
      const stream = await untilAborted(context.signal, running);
      const header = responseHeader(context);
      const first =
        stream.first instanceof Promise || stream.first.done === true
          ? undefined
          : writer.write(stream.first.value);
      header.set(
        "Content-Type",
        stream.form.contentType ??
          first?.contentType ??
          "application/octet-stream",
      );
      if (request.method === "HEAD") {
        context.end();
        stream.close().catch(ignore);
        return { status: 200, header };
      }
      return {
        status: 200,
        header,
        body: body(stream, context),
        heartbeat: stream.form.heartbeat,
      };
    } catch (error) {
      context.end(error);
      return await responses.error(request, error, responseHeader(context));
    }
  };
}

/** The client has left: nobody sees what the handler throws after the abort. */
function ignore(): void {
  return;
}
