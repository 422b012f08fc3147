import type { Failure } from "../session/failure.ts";
import { texts } from "../texts/shared.ts";

/** What went wrong, what was done, and whether it is still being read. */
export function Status({
  failure,
  message = "",
  isLoading,
  notFound,
}: {
  readonly failure: Failure | undefined;
  readonly message?: string;
  readonly isLoading: boolean;
  /** Said where there is no such thing. */
  readonly notFound?: string;
}) {
  const isMissing = notFound !== undefined && failure?.isNotFound === true;
  return (
    <>
      <p role="alert" class="problem">
        {isMissing ? notFound : failure?.text}
      </p>
      <p role="status" class="message">
        {message}
      </p>
      {isLoading && failure === undefined && (
        <p class="empty" role="status">
          {texts.loading}
        </p>
      )}
    </>
  );
}
