import { useEffect, useState } from "preact/hooks";
import type { Organization } from "../../../gen/lockout/v1/access_service_pb.js";
import { describeFailure } from "../session/failure.ts";
import { useLatest } from "../session/latest.ts";
import { allOrganizations, may, signIn } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import { texts } from "../texts/shared.ts";

/** So many organisations stand in a list; whose id is known finds the others. */
const mostListed = 1000;

/** The organisation of what is shown: a choice for callers with a role on all of them. */
export function Organizations({
  session,
  onSession,
}: {
  readonly session: Session;
  readonly onSession: (session: Session) => void;
}) {
  const { caller, clients, token, orgId, isAll, lifetime, orgName } = session;
  const [orgs, setOrgs] = useState<readonly Organization[]>([]);
  const [failure, setFailure] = useState("");
  /** What was chosen, and is not shown yet. */
  const [chosen, setChosen] = useState<string>();
  const choices = useLatest();
  const lists = useLatest();
  const mayList = may(session, "iam.access.read");
  const mayChooseAll = may(session, "iam.policy.read");
  useEffect(
    () =>
      mayList
        ? lists.begin(
            (signal) =>
              clients.access.listOrganizations(
                { pageSize: mostListed },
                { signal },
              ),
            ({ organizations }) => {
              setOrgs(organizations);
            },
            // Without the list there is no choice, and all else works.
            () => undefined,
          )
        : undefined,
    [clients, mayList],
  );
  const choose = (next: string) => {
    setFailure("");
    setChosen(next);
    choices.begin(
      (signal) => signIn(token, lifetime, next, signal),
      (session) => {
        setChosen(undefined);
        onSession(session);
      },
      (error) => {
        setChosen(undefined);
        setFailure(describeFailure(error));
      },
    );
  };
  const problem = failure !== "" && (
    <span role="alert" class="problem">
      {failure}
    </span>
  );
  if (caller.roles.every((role) => !role.startsWith("IAM_"))) {
    return (
      <span>
        {texts.organization}: <bdi>{orgName}</bdi>
      </span>
    );
  }
  if (!mayList) {
    return (
      <form
        class="organization"
        onSubmit={(event) => {
          event.preventDefault();
          const field = new FormData(event.currentTarget).get("organization");
          choose(typeof field === "string" ? field.trim() : "");
        }}
      >
        <label>
          {texts.organization} <bdi>{orgName}</bdi>{" "}
          <input
            key={orgId}
            name="organization"
            type="text"
            size={18}
            maxLength={18}
            autocomplete="off"
            aria-label={texts.organizationId}
            defaultValue={orgId}
          />
        </label>
        <button type="submit">{texts.change}</button>
        {problem}
      </form>
    );
  }
  const isListed = orgs.some(({ organizationId }) => organizationId === orgId);
  return (
    <label class="organization">
      {texts.organization}{" "}
      <select
        value={chosen ?? (isAll ? allOrganizations : orgId)}
        onChange={({ currentTarget }) => {
          choose(currentTarget.value);
        }}
      >
        {mayChooseAll && (
          <option value={allOrganizations}>{texts.allOrganizations}</option>
        )}
        {!isListed && <option value={orgId}>{orgName}</option>}
        {orgs.map(({ organizationId, name }) => (
          <option key={organizationId} value={organizationId}>
            {name}
          </option>
        ))}
      </select>
      {problem}
    </label>
  );
}
