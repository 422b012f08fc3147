import { useCallback, useMemo, useState } from "preact/hooks";
import type { Lockout } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { User } from "../../../gen/lockout/v1/user_service_pb.js";
import { Time, Until, whyLocked } from "../parts/format.tsx";
import { useLive } from "../session/use-live.ts";
import { describeFailure } from "../session/failure.ts";
import { clientsIn, may } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import {
  decisionTexts,
  factorTexts,
  stateTexts,
  texts,
} from "../texts/shared.ts";
import { UnlockDialog } from "../parts/unlock-dialog.tsx";
import { UserHistory } from "./user-history.tsx";

/** A user: whether he is locked, why, and what happened. */
export function UserPage({
  session,
  parts,
}: {
  readonly session: Session;
  /** The organisation, and the id of the user. */
  readonly parts: readonly string[];
}) {
  const [orgId = "", userId = ""] = parts;
  const clients = useMemo(() => clientsIn(session, orgId), [session, orgId]);
  const [problem, setProblem] = useState("");
  const [message, setMessage] = useState("");
  const [isUnlocking, setIsUnlocking] = useState(false);
  const { value, failure, reload } = useLive(
    session,
    useCallback(
      async (signal: AbortSignal) => {
        const [user, lockout] = await Promise.all([
          clients.users.getUser({ userId }, { signal }),
          clients.attempts.getLockout({ userId }, { signal }),
        ]);
        return { user, lockout };
      },
      [clients, userId],
    ),
  );
  const { user, lockout } = value ?? {};
  const run = async (work: () => Promise<unknown>) => {
    try {
      await work();
      setProblem("");
      setMessage(texts.done);
      reload();
    } catch (error) {
      setMessage("");
      setProblem(describeFailure(error));
    }
  };
  return (
    <>
      <h1>
        <bdi>{user?.aliases[0] ?? userId}</bdi>
      </h1>
      <p role="alert" class="problem">
        {problem || failure}
      </p>
      <p role="status" class="message">
        {message}
      </p>
      {user === undefined || lockout === undefined ? (
        failure === "" && <p>{texts.loading}</p>
      ) : (
        <>
          <Summary user={user} lockout={lockout} />
          <div class="buttons">
            {may(session, "user.write") &&
              (lockout.locked ? (
                <button
                  type="button"
                  class="main"
                  onClick={() => {
                    setIsUnlocking(true);
                  }}
                >
                  {texts.unlock}
                </button>
              ) : (
                <button
                  type="button"
                  onClick={() => {
                    void run(() => clients.accounts.lockUser({ userId }));
                  }}
                >
                  {texts.lock}
                </button>
              ))}
            {may(session, "attempt.write") && (
              <button
                type="button"
                onClick={() => {
                  void run(() =>
                    clients.attempts.recordPasswordChange({ userId }),
                  );
                }}
              >
                {texts.recordPasswordChange}
              </button>
            )}
          </div>
          <Factors lockout={lockout} />
          <UserHistory clients={clients} userId={userId} changes={value} />
        </>
      )}
      {isUnlocking && lockout !== undefined && (
        <UnlockDialog
          clients={clients}
          users={[lockout]}
          onEnd={(unlocked) => {
            setIsUnlocking(false);
            if (unlocked !== undefined) {
              setMessage(`${texts.unlocked} ${unlocked}`);
              reload();
            }
          }}
        />
      )}
    </>
  );
}

function Summary({
  user,
  lockout,
}: {
  readonly user: User;
  readonly lockout: Lockout;
}) {
  return (
    <dl>
      <dt>{texts.state}</dt>
      <dd class={lockout.locked ? "locked" : ""}>{stateTexts[user.state]}</dd>
      <dt>{texts.why}</dt>
      <dd>{lockout.locked ? whyLocked(lockout) : texts.notLocked}</dd>
      {lockout.locked && (
        <>
          <dt>{texts.since}</dt>
          <dd>
            <Time time={lockout.lockTime} />
          </dd>
          <dt>{texts.until}</dt>
          <dd>
            <Until lockout={lockout} />
          </dd>
        </>
      )}
      <dt>{texts.aliases}</dt>
      <dd>
        {user.aliases.length === 0
          ? "–"
          : user.aliases.map((alias, place) => (
              <>
                {place > 0 && ", "}
                <bdi>{alias}</bdi>
              </>
            ))}
      </dd>
      <dt>Id</dt>
      <dd>
        <bdi>{user.userId}</bdi>
      </dd>
    </dl>
  );
}

function Factors({ lockout }: { readonly lockout: Lockout }) {
  return (
    <>
      <h2>{texts.factors}</h2>
      <table aria-label={texts.factors}>
        <thead>
          <tr>
            <th scope="col">{texts.factor}</th>
            <th scope="col">{texts.failures}</th>
            <th scope="col">{texts.limit}</th>
            <th scope="col">{texts.chances}</th>
            <th scope="col">{texts.nextAttempt}</th>
          </tr>
        </thead>
        <tbody>
          {lockout.factors.map((state) => (
            <tr key={state.factor}>
              <th scope="row" data-label={texts.factor}>
                {factorTexts[state.factor]}
              </th>
              <td data-label={texts.failures}>{state.failedAttempts}</td>
              <td data-label={texts.limit}>{state.limit || texts.noLimit}</td>
              <td data-label={texts.chances}>
                {state.limit === 0
                  ? texts.noLimit
                  : Math.max(
                      state.limit - state.failedAttempts - state.openAttempts,
                      0,
                    )}
              </td>
              <td data-label={texts.nextAttempt}>
                {decisionTexts[state.nextDecision]}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
