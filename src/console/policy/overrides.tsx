import { useEffect, useState } from "preact/hooks";
import { PolicySource } from "../../../gen/lockout/v1/policy_service_pb.js";
import type { Policy } from "../../../gen/lockout/v1/policy_service_pb.js";
import { describeFailure } from "../session/failure.ts";
import { useLatest } from "../session/latest.ts";
import { clientsIn } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import { policyTexts } from "../texts/policy.ts";
import { texts } from "../texts/shared.ts";
import { differencesOf } from "./differences.ts";

/** So many organisations are looked at, one after the other: no call lists those that differ. */
const mostShown = 200;

interface Override {
  readonly name: string;
  readonly policy: Policy;
}

/** The organisations that have numbers or rules of their own, and how these differ from the default. */
export function Overrides({ session }: { readonly session: Session }) {
  const [overrides, setOverrides] = useState<readonly Override[]>([]);
  const [standard, setStandard] = useState<Policy>();
  const [isDone, setIsDone] = useState(false);
  const [failure, setFailure] = useState("");
  const { begin } = useLatest();
  useEffect(() => {
    const { access, policies } = session.clients;
    const read = async (signal: AbortSignal) => {
      setStandard(await policies.getInstancePolicy({}, { signal }));
      const { organizations } = await access.listOrganizations(
        { pageSize: mostShown },
        { signal },
      );
      for (const { organizationId, name } of organizations) {
        const policy = await clientsIn(
          session,
          organizationId,
        ).policies.getPolicy({}, { signal });
        if (isOwn(policy)) {
          setOverrides((before) => [...before, { name, policy }]);
        }
      }
    };
    return begin(
      read,
      () => {
        setIsDone(true);
      },
      (error) => {
        setFailure(describeFailure(error));
      },
    );
  }, [session]);
  return (
    <section class="card">
      <h2>{policyTexts.overrides}</h2>
      <p role="alert" class="problem">
        {failure}
      </p>
      {overrides.length === 0 ? (
        <p class="empty">{isDone ? policyTexts.noOverrides : texts.loading}</p>
      ) : (
        <table class="stacked" aria-label={policyTexts.overrides}>
          <thead>
            <tr>
              <th scope="col">{texts.organization}</th>
              <th scope="col">{policyTexts.difference}</th>
            </tr>
          </thead>
          <tbody>
            {overrides.map(({ name, policy }) => (
              <tr key={policy.etag}>
                <th scope="row" data-label={texts.organization}>
                  <bdi>{name}</bdi>
                </th>
                <td data-label={policyTexts.difference} class="wide">
                  <span>
                    {differencesOf({ before: standard, after: policy }).map(
                      ({ label, was, is }) => (
                        <span key={label} class="field">
                          <span class="help">{label}</span> {was} →{" "}
                          <strong>{is}</strong>
                        </span>
                      ),
                    )}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function isOwn({ numbersFrom, rulesFrom }: Policy): boolean {
  return [numbersFrom, rulesFrom].includes(PolicySource.ORGANIZATION);
}
