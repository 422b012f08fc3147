import { base64Decode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import type { UniversalHandlerOptions } from "@connectrpc/connect/protocol";
import { headerUnaryAcceptEncoding } from "@connectrpc/connect/protocol-connect";
import { messageTooLarge } from "./envelope.ts";
import { CompressedMessage } from "./form.ts";
import type { UnaryForm, UnaryRequest } from "./form.ts";
import { createRpcCompression } from "./rpc-compression.ts";

/** The codec that the query of a GET names. */
export function encodingOfQuery(target: string): string | undefined {
  return parameter(target, "encoding")?.toString();
}

/** The same form by GET: the message is in the query, and a body means nothing. */
export function connectGetForm(
  form: UnaryForm,
  options: UniversalHandlerOptions,
): UnaryForm {
  const compression = createRpcCompression(options, headerUnaryAcceptEncoding);
  return {
    ...form,
    body: undefined,
    admit({ running }) {
      const { target } = running.exchange;
      if (
        options.requireConnectProtocolHeader &&
        parameter(target, "connect") === undefined
      ) {
        throw new ConnectError(
          "the query has no parameter connect",
          Code.InvalidArgument,
        );
      }
      return compression.ofRequest(
        parameter(target, "compression")?.toString(),
      );
    },
    open(_body, request, packed) {
      const message = messageOf(request);
      if (message.byteLength > options.readMaxBytes) {
        throw messageTooLarge(options.readMaxBytes);
      }
      return packed === undefined
        ? message
        : new CompressedMessage(packed, message);
    },
  };
}

function messageOf({ running }: UnaryRequest): Uint8Array {
  const { target } = running.exchange;
  const message = parameter(target, "message") ?? Buffer.alloc(0);
  if (parameter(target, "base64")?.toString() !== "1") {
    return message;
  }
  try {
    return base64Decode(message.toString("latin1").replaceAll(" ", "+"));
  } catch {
    throw new ConnectError(
      "the message in the query is not base64",
      Code.InvalidArgument,
    );
  }
}

/** The bytes of the first parameter of a name in the query of a request target: they need not be text. */
function parameter(target: string, name: string): Buffer | undefined {
  const prefix = `${name}=`;
  let start = target.indexOf("?") + 1;
  while (start > 0) {
    const next = target.indexOf("&", start);
    const end = next < 0 ? target.length : next;
    if (target.startsWith(prefix, start)) {
      return unescaped(target.slice(start + prefix.length, end));
    }
    start = next + 1;
  }
  return undefined;
}

const escape = /%([0-9A-Fa-f]{2})/g;

/** A plus stands for a blank. */
function unescaped(text: string): Buffer {
  const blanks = text.replaceAll("+", " ");
  if (!blanks.includes("%")) {
    return Buffer.from(blanks);
  }
  const bytes = Buffer.from(blanks).toString("latin1");
  return Buffer.from(
    bytes.replace(escape, (_escape, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    "latin1",
  );
}
