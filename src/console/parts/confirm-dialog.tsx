import { texts } from "../texts/shared.ts";
import { Dialog } from "./dialog.tsx";
import { useWork } from "./use-work.ts";

/** What is asked before it is done. */
export interface Question {
  readonly title: string;
  readonly text: string;
  /** Whom or what it is about, where the page behind does not say so. */
  readonly name?: string;
  /** What the button says that does it: the title, unless it is given. */
  readonly action?: string;
  /** What is done; where it fails, the dialog says so and stays open. */
  readonly work: () => Promise<unknown>;
}

/** Says what something does before it is done. @param onEnd told whether it was done */
export function ConfirmDialog({
  question: { title, text, name, action = title, work },
  isFinal = false,
  onEnd,
}: {
  readonly question: Question;
  /** Whether nothing takes it back: then Enter cancels. */
  readonly isFinal?: boolean;
  readonly onEnd: (isDone: boolean) => void;
}) {
  const { isBusy, problem, run } = useWork();
  const cancel = () => {
    onEnd(false);
  };
  return (
    <Dialog
      title={title}
      onCancel={cancel}
      onSubmit={() => {
        run(async () => {
          await work();
          onEnd(true);
        });
      }}
    >
      {name !== undefined && (
        <p class="wide">
          <bdi>{name}</bdi>
        </p>
      )}
      <p>{text}</p>
      <p role="alert" class="problem">
        {problem}
      </p>
      <div class="buttons">
        <button type="button" autofocus={isFinal} onClick={cancel}>
          {texts.cancel}
        </button>
        <button
          type="submit"
          class="main"
          autofocus={!isFinal}
          aria-disabled={isBusy}
        >
          {action}
        </button>
      </div>
    </Dialog>
  );
}
