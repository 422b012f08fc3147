import { LockReason } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type {
  Lockout,
  Decision,
} from "../../../gen/lockout/v1/attempt_service_pb.js";
import { UserState } from "../../../gen/lockout/v1/user_service_pb.js";
import type { User } from "../../../gen/lockout/v1/user_service_pb.js";
import { isLocked, lockOf, Time } from "../parts/format.tsx";
import { whyLocked } from "../parts/why.ts";
import { decisionTexts, factorTexts, stateTexts } from "../texts/shared.ts";
import { userTexts } from "../texts/user.ts";
import { whyTexts } from "../texts/why.ts";

interface Known {
  readonly user: User;
  readonly lockout: Lockout;
}

/** The user's state, in a word. */
export function StateBadge({ user, lockout }: Known) {
  const locked = isLocked(lockout);
  const look = locked
    ? "bad"
    : user.state === UserState.INACTIVE
      ? "warn"
      : "good";
  return (
    <span class={`badge ${look}`}>
      {locked && !lockout.locked
        ? userTexts.factorLocked
        : stateTexts[user.state]}
    </span>
  );
}

/** Why a user is locked, what comes next, and who it is. */
export function Summary({ user, lockout }: Known) {
  return (
    <>
      {isLocked(lockout) ? (
        <Lock lockout={lockout} />
      ) : (
        <div
          class={user.state === UserState.INACTIVE ? "notice warn" : "notice"}
        >
          <p>
            {user.state === UserState.INACTIVE
              ? whyTexts.inactive
              : whyTexts.open}
          </p>
          <NextAttempt lockout={lockout} />
        </div>
      )}
      <dl>
        <dt>{userTexts.aliases}</dt>
        <dd>
          {user.aliases.length === 0
            ? "–"
            : user.aliases.map((alias, index) => (
                <span key={alias}>
                  {index > 0 && ", "}
                  <bdi>{alias}</bdi>
                </span>
              ))}
        </dd>
        <dt>{userTexts.id}</dt>
        <dd>
          <bdi>{user.userId}</bdi>
        </dd>
        <dt>{userTexts.devices}</dt>
        <dd>{lockout.devices.toLocaleString()}</dd>
      </dl>
    </>
  );
}

function Lock({ lockout }: { readonly lockout: Lockout }) {
  const { reason, lockTime, lockEndTime } = lockOf(lockout);
  return (
    <div class="notice bad">
      <p>
        <strong>{whyLocked(lockout)}</strong>{" "}
        {lockout.lastAddress !== "" && (
          <>
            {whyTexts.lastAddress} <bdi>{lockout.lastAddress}</bdi>.
          </>
        )}
      </p>
      <p>
        {whyTexts.lockedSince} <Time time={lockTime} />.{" "}
        {lockEndTime === undefined ? (
          whyTexts.staysLocked
        ) : (
          <>
            {whyTexts.endsByItself} <Time time={lockEndTime} />.
          </>
        )}{" "}
        {lockout.locksInRow > 1 && whyTexts.locksInRow(lockout.locksInRow)}
      </p>
      {reason !== LockReason.ADMINISTRATOR && lockout.devices > 0 && (
        <p>{whyTexts.devices(lockout.devices)}</p>
      )}
      <NextAttempt lockout={lockout} />
    </div>
  );
}

/** What the next attempt would get: in one sentence where it is the same for all factors. */
function NextAttempt({ lockout }: { readonly lockout: Lockout }) {
  const decisions = new Map<Decision, string[]>();
  for (const { factor, nextDecision } of lockout.factors) {
    const names = decisions.get(nextDecision) ?? [];
    names.push(factorTexts[factor] ?? "");
    decisions.set(nextDecision, names);
  }
  return (
    <>
      {[...decisions].map(([decision, names]) => (
        <p key={decision}>
          {whyTexts.nextAttempt}
          {decisions.size > 1 && ` (${names.join(", ")})`}{" "}
          {decisionTexts[decision]}.
        </p>
      ))}
    </>
  );
}
