import { useEffect, useState } from "preact/hooks";
import type { CheckPolicyResponse } from "../../../gen/lockout/v1/policy_service_pb.js";
import { describeFailure } from "../session/failure.ts";
import { useLatest } from "../session/latest.ts";
import type { PolicyOwner } from "./owner.ts";
import type { Settings } from "./settings.ts";

/** How long nothing is typed before the server is asked, in milliseconds. */
const restMs = 200;

/** What settings mean: guess budgets and standards. */
export interface Check {
  /** Of what holds; undefined until it is known. */
  readonly before: CheckPolicyResponse | undefined;
  /** Of what would hold; undefined where nothing is changed, or it is not known. */
  readonly after: CheckPolicyResponse | undefined;
  /** Why the settings could not be saved, or nothing is known; empty where neither is so. */
  readonly failure: string;
}

/** Asks what the policy means, and what other settings would. @param settings undefined where none is changed */
export function useCheck(
  owner: PolicyOwner,
  etag: string,
  settings: Settings | undefined,
): Check {
  const [before, setBefore] = useState<CheckPolicyResponse>();
  const [after, setAfter] = useState<CheckPolicyResponse>();
  const [failure, setFailure] = useState("");
  const ofPresent = useLatest();
  const ofCandidate = useLatest();
  const fail = (error: unknown) => {
    setFailure(describeFailure(error));
  };
  useEffect(
    () =>
      ofPresent.begin(
        (signal) => owner.check(undefined, signal),
        setBefore,
        fail,
      ),
    [owner, etag],
  );
  const candidate = JSON.stringify(settings);
  useEffect(() => {
    setAfter(undefined);
    setFailure("");
    ofCandidate.end();
    if (settings === undefined) {
      return;
    }
    const timer = setTimeout(() => {
      ofCandidate.begin(
        (signal) => owner.check(settings, signal),
        setAfter,
        fail,
      );
    }, restMs);
    return () => {
      clearTimeout(timer);
    };
  }, [owner, candidate]);
  return { before, after, failure };
}
