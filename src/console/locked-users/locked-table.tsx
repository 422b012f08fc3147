import type { Lockout } from "../../../gen/lockout/v1/attempt_service_pb.js";
import {
  lockOf,
  nameOf,
  Time,
  Until,
  userKey,
  worstFactor,
} from "../parts/format.tsx";
import { addressOf } from "../session/route.ts";
import type { Session } from "../session/session.ts";
import { lockedTexts } from "../texts/locked-users.ts";
import { reasonTexts, texts } from "../texts/shared.ts";

/** A table of locked users, of whom some can be selected. */
export function LockedTable({
  session,
  users,
  selected,
  mayUnlock,
  onSelect,
  onUnlock,
}: {
  readonly session: Session;
  readonly users: readonly Lockout[];
  /** The rows, by {@link userKey}. */
  readonly selected: ReadonlySet<string>;
  readonly mayUnlock: boolean;
  readonly onSelect: (selected: ReadonlySet<string>) => void;
  readonly onUnlock: (user: Lockout) => void;
}) {
  const isAll = users.every((user) => selected.has(userKey(user)));
  const toggle = (user: Lockout, isSelected: boolean) => {
    const next = new Set(selected);
    if (isSelected) {
      next.add(userKey(user));
    } else {
      next.delete(userKey(user));
    }
    onSelect(next);
  };
  return (
    <table class="stacked" aria-label={texts.lockedUsers}>
      <thead>
        <tr>
          {mayUnlock && (
            <th scope="col">
              <input
                type="checkbox"
                aria-label={lockedTexts.selectAll}
                checked={isAll}
                onChange={() => {
                  onSelect(new Set(isAll ? [] : users.map(userKey)));
                }}
              />
            </th>
          )}
          <th scope="col">{texts.user}</th>
          {session.isAll && <th scope="col">{texts.organization}</th>}
          <th scope="col">{texts.reason}</th>
          <th scope="col">{texts.since}</th>
          <th scope="col">{texts.until}</th>
          <th scope="col">{texts.factor}</th>
          <th scope="col" class="number">
            {texts.failures}
          </th>
          <th scope="col">{texts.lastAddress}</th>
          {mayUnlock && (
            <th scope="col">
              <span class="hidden">{texts.actions}</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {users.map((user) => (
          <Row
            key={userKey(user)}
            user={user}
            isAll={session.isAll}
            isSelected={selected.has(userKey(user))}
            onToggle={
              mayUnlock
                ? (isSelected) => {
                    toggle(user, isSelected);
                  }
                : undefined
            }
            onUnlock={onUnlock}
          />
        ))}
      </tbody>
    </table>
  );
}

function Row({
  user,
  isAll,
  isSelected,
  onToggle,
  onUnlock,
}: {
  readonly user: Lockout;
  readonly isAll: boolean;
  readonly isSelected: boolean;
  /** Undefined where nothing may be unlocked. */
  readonly onToggle: ((isSelected: boolean) => void) | undefined;
  readonly onUnlock: (user: Lockout) => void;
}) {
  const { reason, lockTime, lockEndTime } = lockOf(user);
  const { name, failures } = worstFactor(user);
  const called = nameOf(user);
  return (
    <tr>
      {onToggle !== undefined && (
        <td>
          <input
            type="checkbox"
            aria-label={`${lockedTexts.select} ${called}`}
            checked={isSelected}
            onChange={({ currentTarget }) => {
              onToggle(currentTarget.checked);
            }}
          />
        </td>
      )}
      <th scope="row" data-label={texts.user}>
        <a href={addressOf("users", user.resourceOwner, user.userId)}>
          <bdi>{called}</bdi>
        </a>
      </th>
      {isAll && <td data-label={texts.organization}>{user.resourceOwner}</td>}
      <td data-label={texts.reason}>{reasonTexts[reason]}</td>
      <td data-label={texts.since}>
        <Time time={lockTime} />
      </td>
      <td data-label={texts.until}>
        <Until time={lockEndTime} />
      </td>
      <td data-label={texts.factor}>{name || "–"}</td>
      <td data-label={texts.failures} class="number">
        {failures.toLocaleString()}
      </td>
      <td data-label={texts.lastAddress}>
        {user.lastAddress === "" ? "–" : <bdi>{user.lastAddress}</bdi>}
      </td>
      {onToggle !== undefined && (
        <td class="actions">
          <button
            type="button"
            class="small"
            aria-label={`${texts.unlock} ${called}`}
            onClick={() => {
              onUnlock(user);
            }}
          >
            {texts.unlock}
          </button>
        </td>
      )}
    </tr>
  );
}
