import { create } from "@bufbuild/protobuf";
import type {
  DescMessage,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";

/**
 * Makes the answer about a record once for as long as the store gives that same record: as a frozen message, which the server encodes
 * once, too. Such records do not change, but others come in their place.
 */
export function answerOnce<Rec extends object, Desc extends DescMessage>(
  schema: Desc,
  answer: (record: Rec) => MessageInitShape<Desc>,
): (record: Rec) => MessageShape<Desc> {
  const known = new WeakMap<Rec, MessageShape<Desc>>();
  return (record) => {
    let message = known.get(record);
    if (message === undefined) {
      message = create(schema, answer(record));
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
