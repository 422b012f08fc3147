import type { Lockout } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { nameOf, Time, Until, worstFactor } from "../parts/format.tsx";
import { addressOf } from "../session/route.ts";
import { reasonTexts, texts } from "../texts/shared.ts";

/** A table of locked users, of whom some can be selected. */
export function LockedTable({
  users,
  selected,
  mayUnlock,
  onSelect,
  onUnlock,
}: {
  readonly users: readonly Lockout[];
  readonly selected: ReadonlySet<string>;
  readonly mayUnlock: boolean;
  readonly onSelect: (selected: ReadonlySet<string>) => void;
  readonly onUnlock: (user: Lockout) => void;
}) {
  const isAll = users.every(({ userId }) => selected.has(userId));
  const toggle = (userId: string, isSelected: boolean) => {
    const next = new Set(selected);
    if (isSelected) {
      next.add(userId);
    } else {
      next.delete(userId);
    }
    onSelect(next);
  };
  return (
    <table aria-label={texts.lockedUsers}>
      <thead>
        <tr>
          {mayUnlock && (
            <th scope="col">
              <input
                type="checkbox"
                aria-label={texts.selectAll}
                checked={isAll}
                onChange={() => {
                  onSelect(
                    new Set(isAll ? [] : users.map(({ userId }) => userId)),
                  );
                }}
              />
            </th>
          )}
          <th scope="col">{texts.user}</th>
          <th scope="col">{texts.reason}</th>
          <th scope="col">{texts.since}</th>
          <th scope="col">{texts.until}</th>
          <th scope="col">{texts.factor}</th>
          <th scope="col">{texts.failures}</th>
          <th scope="col">{texts.lastAddress}</th>
          {mayUnlock && <th scope="col">{texts.actions}</th>}
        </tr>
      </thead>
      <tbody>
        {users.map((user) => {
          const { name, failures } = worstFactor(user);
          const called = nameOf(user);
          return (
            <tr key={user.userId}>
              {mayUnlock && (
                <td data-label={texts.select}>
                  <input
                    type="checkbox"
                    aria-label={`${texts.select} ${called}`}
                    checked={selected.has(user.userId)}
                    onChange={({ currentTarget }) => {
                      toggle(user.userId, currentTarget.checked);
                    }}
                  />
                </td>
              )}
              <th scope="row" data-label={texts.user}>
                <a href={addressOf("users", user.resourceOwner, user.userId)}>
                  <bdi>{called}</bdi>
                </a>
              </th>
              <td data-label={texts.reason}>{reasonTexts[user.reason]}</td>
              <td data-label={texts.since}>
                <Time time={user.lockTime} />
              </td>
              <td data-label={texts.until}>
                <Until lockout={user} />
              </td>
              <td data-label={texts.factor}>{name || "–"}</td>
              <td data-label={texts.failures}>{failures.toLocaleString()}</td>
              <td data-label={texts.lastAddress}>
                {user.lastAddress === "" ? "–" : <bdi>{user.lastAddress}</bdi>}
              </td>
              {mayUnlock && (
                <td data-label={texts.actions}>
                  <button
                    type="button"
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
        })}
      </tbody>
    </table>
  );
}
