import { useCallback, useMemo, useState } from "preact/hooks";
import { PolicySource } from "../../../gen/lockout/v1/policy_service_pb.js";
import type { Policy } from "../../../gen/lockout/v1/policy_service_pb.js";
import { ConfirmDialog } from "../parts/confirm-dialog.tsx";
import { Status } from "../parts/status.tsx";
import { addressOf } from "../session/route.ts";
import { may } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import { useLive } from "../session/use-live.ts";
import { policyTexts } from "../texts/policy.ts";
import { Editor } from "./editor.tsx";
import { History } from "./history.tsx";
import { Overrides } from "./overrides.tsx";
import { policyOwner } from "./owner.ts";
import type { PolicyOwner } from "./owner.ts";

/** How often the page is read: no event that it hears of says that the policy was changed. In milliseconds. */
const everyMs = 10_000;

/** Stands in the address for the default policy. */
const defaultPart = "default";

/** The policy of an organisation, or the default one: what it means, what a change would mean, and what was changed. */
export function PolicyPage({
  session,
  parts,
}: {
  readonly session: Session;
  readonly parts: readonly string[];
}) {
  const isDefault = session.isAll || parts[0] === defaultPart;
  const owner = useMemo(
    () => policyOwner(session, isDefault),
    [session, isDefault],
  );
  const [message, setMessage] = useState("");
  const [isResetting, setIsResetting] = useState(false);
  const { value, failure, reload } = useLive(
    session,
    useCallback(
      async (signal: AbortSignal) => {
        const [policy, history] = await Promise.all([
          owner.get(signal),
          owner.listChanges("", signal),
        ]);
        return { policy, history };
      },
      [owner],
    ),
    everyMs,
  );
  const say = (text: string) => {
    setMessage(text);
    reload();
  };
  return (
    <>
      <div class="title">
        <div class="headline">
          <h1>{policyTexts.policy}</h1>
          {value !== undefined && <Sources owner={owner} {...value} />}
        </div>
        {may(session, "iam.policy.read") && !session.isAll && (
          <Owners session={session} isDefault={isDefault} />
        )}
      </div>
      <Status
        failure={failure}
        message={message}
        isLoading={value === undefined}
      />
      {value !== undefined && (
        <>
          <Editor
            owner={owner}
            policy={value.policy}
            lastChange={value.history.changes[0]?.position}
            onChange={say}
          />
          {isOverridden(owner, value.policy) &&
            may(session, "policy.delete") && (
              <div class="buttons">
                <button
                  type="button"
                  onClick={() => {
                    setIsResetting(true);
                  }}
                >
                  {policyTexts.useDefault}
                </button>
              </div>
            )}
          <History owner={owner} first={value.history} onChange={say} />
          {isDefault && may(session, "iam.access.read") && (
            <Overrides session={session} />
          )}
        </>
      )}
      {isResetting && (
        <ConfirmDialog
          question={{
            title: policyTexts.useDefault,
            text: policyTexts.useDefaultText,
            work: () => owner.rollBack(undefined),
          }}
          onEnd={(isDone) => {
            setIsResetting(false);
            if (isDone) {
              say(policyTexts.usesDefault);
            }
          }}
        />
      )}
    </>
  );
}

function isOverridden(
  { isDefault }: PolicyOwner,
  { numbersFrom, rulesFrom }: Policy,
): boolean {
  return (
    !isDefault && [numbersFrom, rulesFrom].includes(PolicySource.ORGANIZATION)
  );
}

/** Whose the two parts of an organisation's policy are. */
function Sources({
  owner,
  policy,
}: {
  readonly owner: PolicyOwner;
  readonly policy: Policy;
}) {
  if (owner.isDefault) {
    return <span class="badge">{policyTexts.ofDefault}</span>;
  }
  const nameOf = (source: PolicySource) =>
    source === PolicySource.ORGANIZATION
      ? policyTexts.own
      : policyTexts.inherited;
  return (
    <>
      <span class="badge">
        {policyTexts.numbersFrom} {nameOf(policy.numbersFrom)}
      </span>
      <span class="badge">
        {policyTexts.rulesFrom} {nameOf(policy.rulesFrom)}
      </span>
    </>
  );
}

function Owners({
  session,
  isDefault,
}: {
  readonly session: Session;
  readonly isDefault: boolean;
}) {
  return (
    <nav aria-label={policyTexts.whose}>
      <a
        href={addressOf("policy")}
        aria-current={isDefault ? undefined : "page"}
      >
        {policyTexts.ofOrganization} <bdi>{session.orgName}</bdi>
      </a>
      <a
        href={addressOf("policy", defaultPart)}
        aria-current={isDefault ? "page" : undefined}
      >
        {policyTexts.ofDefault}
      </a>
    </nav>
  );
}
