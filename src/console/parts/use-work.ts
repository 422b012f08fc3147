import { useRef, useState } from "preact/hooks";
import { describeFailure } from "../session/failure.ts";

/** Something that somebody has begun: a form that was sent, or a button that was pressed. */
export interface Work {
  /** What was begun is not done yet: what would begin it again does nothing. Nothing that has the focus is disabled, so none loses it. */
  readonly isBusy: boolean;
  /** Why it could not be done, for people; empty where nothing is wrong. Stands beside what began it. */
  readonly problem: string;
  readonly setProblem: (problem: string) => void;
  /** Does it, unless it is being done. */
  readonly run: (work: () => Promise<unknown>) => void;
}

/** @param describe what failed, in words */
export function useWork(
  describe: (error: unknown) => string = describeFailure,
): Work {
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState("");
  // A key that is held down comes again before anything is rendered.
  const isRunning = useRef(false);
  const run = async (work: () => Promise<unknown>) => {
    if (isRunning.current) {
      return;
    }
    isRunning.current = true;
    setIsBusy(true);
    setProblem("");
    try {
      await work();
    } catch (error) {
      setProblem(describe(error));
    }
    isRunning.current = false;
    setIsBusy(false);
  };
  return {
    ...{ isBusy, problem, setProblem },
    run: (work) => void run(work),
  };
}
