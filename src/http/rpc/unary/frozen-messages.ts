import type { Message } from "@bufbuild/protobuf";
import type { UnaryForm } from "./form.ts";

/**
 * Encodes and frames a frozen message only once: methods return the same one again and again, and it cannot change. Whoever freezes a
 * message also freezes all that is in it.
 */
export function encodeFrozenOnce(
  form: Pick<UnaryForm, "write" | "frame">,
): Pick<UnaryForm, "write" | "frame"> {
  const written = new WeakMap<Message, Uint8Array>();
  const framed = new WeakMap<Uint8Array, Uint8Array>();
  return {
    write: (message, context) => {
      if (!Object.isFrozen(message)) {
        return form.write(message, context);
      }
      let bytes = written.get(message);
      if (bytes === undefined) {
        const made = form.write(message, context);
        if (made instanceof Promise) {
          return made;
        }
        bytes = made;
        written.set(message, bytes);
        framed.set(bytes, form.frame(bytes, false));
      }
      return bytes;
    },
    frame: (bytes, compressed) =>
      framed.get(bytes) ?? form.frame(bytes, compressed),
  };
}
