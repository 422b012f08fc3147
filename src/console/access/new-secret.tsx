import { useEffect, useRef } from "preact/hooks";
import { accessTexts as texts } from "../texts/access.ts";

/** A secret that is shown once, until somebody hides it. It is in no storage. */
export interface NewSecret {
  readonly secret: string;
  /** Empty where it needs none. */
  readonly clientId: string;
}

/** Shows it. */
export function SecretNote({
  secret: { secret, clientId },
  onHide,
}: {
  readonly secret: NewSecret;
  readonly onHide: () => void;
}) {
  const note = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // What made it is gone: a form that closed, a dialog that ended.
    note.current?.focus();
  }, [secret]);
  return (
    <div ref={note} class="notice secret-note" role="status" tabIndex={-1}>
      <p>{texts.secretOnce}</p>
      {clientId !== "" && (
        <p>
          {texts.clientId}: <code>{clientId}</code>
        </p>
      )}
      <p>
        <code data-secret>{secret}</code>
      </p>
      <button type="button" onClick={onHide}>
        {texts.hide}
      </button>
    </div>
  );
}
