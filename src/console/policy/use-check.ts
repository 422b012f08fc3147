import { useEffect, useState } from "preact/hooks";
import type { CheckPolicyResponse } from "../../../gen/lockout/v1/policy_service_pb.js";
import { describeFailure } from "../session/failure.ts";
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
  useEffect(() => {
    const ending = new AbortController();
    owner
      .check(undefined, ending.signal)
      .then(setBefore)
      .catch((error: unknown) => {
        if (!ending.signal.aborted) {
          setFailure(describeFailure(error));
        }
      });
    return () => {
      ending.abort();
    };
  }, [owner, etag]);
  const candidate = JSON.stringify(settings);
  useEffect(() => {
    setAfter(undefined);
    setFailure("");
    if (settings === undefined) {
      return;
    }
    const ending = new AbortController();
    const timer = setTimeout(() => {
      owner
        .check(settings, ending.signal)
        .then(setAfter)
        .catch((error: unknown) => {
          if (!ending.signal.aborted) {
            setFailure(describeFailure(error));
          }
        });
    }, restMs);
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, [owner, candidate]);
  return { before, after, failure };
}
