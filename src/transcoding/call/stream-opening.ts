import { createContextKey } from "@connectrpc/connect";
import type { ContextValues, HandlerContext } from "@connectrpc/connect";

const openKey = createContextKey<
  ((context: HandlerContext) => void) | undefined
>(undefined, { description: "opens the answer of a stream" });

/**
 * Sends the header of a stream's answer before its first message, which may be long in coming: so the client knows that it is
 * heard. For the method of a server stream. What it throws from then on is an error in the middle of the stream.
 */
export function openStream(context: HandlerContext): void {
  context.values.get(openKey)?.(context);
}

/** Resolves when the method of a call with these values opens its stream. */
export function streamOpening(values: ContextValues): Promise<HandlerContext> {
  return new Promise((resolve) => {
    values.set(openKey, resolve);
  });
}
