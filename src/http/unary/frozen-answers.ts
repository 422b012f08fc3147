import type { Message } from "@bufbuild/protobuf";

/**
 * Encodes a message that is frozen, as a method gives it again and again, only once: it cannot change. Whoever freezes a message
 * freezes what is in it, too.
 */
export function encodeFrozenOnce(
  encode: (message: Message) => Uint8Array,
): (message: Message) => Uint8Array {
  const known = new WeakMap<Message, Uint8Array>();
  return (message) => {
    if (!Object.isFrozen(message)) return encode(message);
    let bytes = known.get(message);
    if (bytes === undefined) {
      bytes = encode(message);
      known.set(message, bytes);
    }
    return bytes;
  };
}
