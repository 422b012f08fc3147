import { createContextKey } from "@connectrpc/connect";
import type { ContextValues, HandlerContext } from "@connectrpc/connect";

const openKey = createContextKey<
  ((context: HandlerContext) => void) | undefined
>(undefined, { description: "sends the header of a stream" });

/**
 * Sends the header of a server stream's response before its first message, which may take long: so the client knows that the stream has
 * begun. To be called by the stream's handler. What the handler throws after that is an error in the middle of the stream.
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
