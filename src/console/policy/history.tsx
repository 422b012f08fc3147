import { useEffect, useState } from "preact/hooks";
import type {
  ListPolicyChangesResponse,
  PolicyChange,
} from "../../../gen/lockout/v1/policy_service_pb.js";
import { ConfirmDialog } from "../parts/confirm-dialog.tsx";
import { Time } from "../parts/format.tsx";
import { describeFailure } from "../session/failure.ts";
import { useLatest } from "../session/latest.ts";
import { policyTexts } from "../texts/policy.ts";
import { differencesOf } from "./differences.ts";
import type { PolicyOwner } from "./owner.ts";

/** Who changed the policy, when and how, newest first, with a way back. @param first the newest changes */
export function History({
  owner,
  first,
  onChange,
}: {
  readonly owner: PolicyOwner;
  readonly first: ListPolicyChangesResponse;
  /** Told in words that the policy was rolled back. */
  readonly onChange: (message: string) => void;
}) {
  const newest = first.changes[0]?.position;
  const [older, setOlder] = useState<readonly PolicyChange[]>([]);
  const [next, setNext] = useState(first.nextPageToken);
  const [failure, setFailure] = useState("");
  const [chosen, setChosen] = useState<string>();
  const { begin, end } = useLatest();
  useEffect(() => {
    end();
    setOlder([]);
    setNext(first.nextPageToken);
  }, [newest]);
  const readMore = () => {
    begin(
      (signal) => owner.listChanges(next, signal),
      (page) => {
        setOlder([...older, ...page.changes]);
        setNext(page.nextPageToken);
        setFailure("");
      },
      (error) => {
        setFailure(describeFailure(error));
      },
    );
  };
  const changes = [...first.changes, ...older];
  return (
    <section class="card">
      <h2>{policyTexts.history}</h2>
      <p role="alert" class="problem">
        {failure}
      </p>
      {changes.length === 0 ? (
        <p class="empty">{policyTexts.noHistory}</p>
      ) : (
        <table class="stacked" aria-label={policyTexts.history}>
          <thead>
            <tr>
              <th scope="col">{policyTexts.when}</th>
              <th scope="col">{policyTexts.who}</th>
              <th scope="col">{policyTexts.difference}</th>
              {owner.mayWrite && (
                <th scope="col">
                  <span class="hidden">{policyTexts.rollBack}</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {changes.map((change) => (
              <tr key={change.position}>
                <td data-label={policyTexts.when}>
                  <Time time={change.changeTime} />
                </td>
                <td data-label={policyTexts.who}>
                  <bdi>{change.editorName || change.editor}</bdi>
                </td>
                <td data-label={policyTexts.difference} class="wide">
                  <Differences change={change} />
                </td>
                {owner.mayWrite && (
                  <td class="actions">
                    {change.position === newest ? (
                      <span class="badge">{policyTexts.holds}</span>
                    ) : (
                      <button
                        type="button"
                        class="small"
                        onClick={() => {
                          setChosen(change.position);
                        }}
                      >
                        {policyTexts.rollBack}
                      </button>
                    )}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {next !== "" && (
        <div class="buttons">
          <button type="button" onClick={readMore}>
            {policyTexts.more}
          </button>
        </div>
      )}
      {chosen !== undefined && (
        <ConfirmDialog
          question={{
            title: policyTexts.rollBack,
            text: policyTexts.rollBackText,
            work: () => owner.rollBack(chosen),
          }}
          onEnd={(isDone) => {
            setChosen(undefined);
            if (isDone) {
              onChange(policyTexts.rolledBack);
            }
          }}
        />
      )}
    </section>
  );
}

function Differences({ change }: { readonly change: PolicyChange }) {
  return (
    <span>
      {differencesOf(change).map(({ label, was, is }) => (
        <span key={label} class="field">
          <span class="help">{label}</span> {was} → <strong>{is}</strong>
        </span>
      ))}
    </span>
  );
}
