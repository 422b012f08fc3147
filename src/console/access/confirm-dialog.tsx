import { useEffect, useRef } from "preact/hooks";
import { accessTexts as texts } from "../texts/access.ts";

/** What is asked before it is done. */
export interface Question {
  readonly title: string;
  readonly help: string;
  /** Whom it is about. */
  readonly name: string;
  /** What the button says that does it. */
  readonly action: string;
  readonly work: () => void;
}

/** Asks before something is done that cannot be undone. */
export function ConfirmDialog({
  question: { title, help, name, action, work },
  onEnd,
}: {
  readonly question: Question;
  readonly onEnd: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="confirm-title"
      onCancel={(event) => {
        event.preventDefault();
        onEnd();
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onEnd();
          work();
        }}
      >
        <h2 id="confirm-title">{title}</h2>
        <p>
          <bdi>{name}</bdi>
        </p>
        <p class="help">{help}</p>
        <div class="buttons">
          <button type="submit" class="main">
            {action}
          </button>
          <button type="button" autofocus onClick={onEnd}>
            {texts.cancel}
          </button>
        </div>
      </form>
    </dialog>
  );
}
