import { create } from "@bufbuild/protobuf";
import type {
  DescMessage,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";

/**
 * Makes the response about a record once, for as long as the store returns that same record: as a frozen message, which the server also
 * encodes only once. Records never change; the store returns another one after a change.
 */
export function respondOnce<Rec extends object, Desc extends DescMessage>(
  schema: Desc,
  makeResponse: (record: Rec) => MessageInitShape<Desc>,
): (record: Rec) => MessageShape<Desc> {
  const known = new WeakMap<Rec, MessageShape<Desc>>();
  return (record) => {
    let message = known.get(record);
    if (message === undefined) {
      message = create(schema, makeResponse(record));
      freeze(message);
      known.set(record, message);
    }
    return message;
  };
}

/** Of messages with numbers, texts, messages and lists of them, but no bytes, which cannot be frozen. */
function freeze(value: unknown): void {
  if (!(value instanceof Object)) {
    return;
  }
  Object.values(value).forEach(freeze);
  Object.freeze(value);
}
