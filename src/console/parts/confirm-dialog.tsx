import { useState } from "preact/hooks";
import { describeFailure } from "../session/failure.ts";
import { texts } from "../texts/shared.ts";
import { Dialog } from "./dialog.tsx";

/** Says what something does before it is done. @param onEnd told whether it was done */
export function ConfirmDialog({
  title,
  text,
  work,
  onEnd,
}: {
  /** The name of what is done, of the dialog and of its button. */
  readonly title: string;
  readonly text: string;
  readonly work: () => Promise<unknown>;
  readonly onEnd: (isDone: boolean) => void;
}) {
  const [problem, setProblem] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const run = async () => {
    setIsBusy(true);
    try {
      await work();
      onEnd(true);
    } catch (error) {
      setProblem(describeFailure(error));
      setIsBusy(false);
    }
  };
  return (
    <Dialog
      title={title}
      onCancel={() => {
        onEnd(false);
      }}
      onSubmit={() => void run()}
    >
      <p>{text}</p>
      <p role="alert" class="problem">
        {problem}
      </p>
      <div class="buttons">
        <button
          type="button"
          onClick={() => {
            onEnd(false);
          }}
        >
          {texts.cancel}
        </button>
        <button type="submit" class="main" autofocus disabled={isBusy}>
          {title}
        </button>
      </div>
    </Dialog>
  );
}
