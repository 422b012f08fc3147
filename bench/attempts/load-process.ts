/** A process that makes load: it takes runs from its parent, one after another, and answers each. */
import { runLoad } from "./load.ts";
import type { LoadSpec, Measurement } from "./load.ts";

/** What the process answers. */
export type LoadAnswer =
  { readonly measured: Measurement } | { readonly failed: string };

process.on("message", (spec: LoadSpec) => {
  const answer = (message: LoadAnswer) => process.send?.(message);
  runLoad(spec).then(
    (measured) => answer({ measured }),
    (error: unknown) =>
      answer({
        failed: error instanceof Error ? (error.stack ?? "") : String(error),
      }),
  );
});
process.on("disconnect", () => process.exit());
