import { useState } from "preact/hooks";
import { LockReason } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { Lockout } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { ConfirmDialog } from "../parts/confirm-dialog.tsx";
import { isLocked } from "../parts/format.tsx";
import { UnlockDialog } from "../parts/unlock-dialog.tsx";
import type { Clients } from "../session/clients.ts";
import { may } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import { userTexts } from "../texts/user.ts";
import { texts } from "../texts/shared.ts";

type Action = "unlock" | "lock" | "forgetDevices" | "recordPasswordChange";

/** What may be done to a user. @param onDone told in words what was done */
export function UserActions({
  session,
  clients,
  lockout,
  onDone,
}: {
  readonly session: Session;
  readonly clients: Clients;
  readonly lockout: Lockout;
  readonly onDone: (message: string) => void;
}) {
  const [action, setAction] = useState<Action>();
  const { userId } = lockout;
  const mayWrite = may(session, "user.write");
  const offered: readonly (readonly [Action, string, boolean])[] = [
    ["unlock", texts.unlock, mayWrite && isLocked(lockout)],
    ["lock", userTexts.lock, mayWrite && isLockable(lockout)],
    ["forgetDevices", userTexts.forgetDevices, mayWrite && lockout.devices > 0],
    [
      "recordPasswordChange",
      userTexts.recordPasswordChange,
      may(session, "attempt.write"),
    ],
  ];
  const calls = {
    lock: () => clients.accounts.lockUser({ userId }),
    forgetDevices: () => clients.attempts.forgetDevices({ userId }),
    recordPasswordChange: () =>
      clients.attempts.recordPasswordChange({ userId }),
  };
  const end = (message?: string) => {
    setAction(undefined);
    if (message !== undefined) {
      onDone(message);
    }
  };
  return (
    <>
      <div class="buttons">
        {offered
          .filter(([, , isOffered]) => isOffered)
          .map(([name, label]) => (
            <button
              key={name}
              type="button"
              class={name === "unlock" ? "main" : ""}
              onClick={() => {
                setAction(name);
              }}
            >
              {label}
            </button>
          ))}
      </div>
      {action === "unlock" && (
        <UnlockDialog
          users={[lockout]}
          clientsIn={() => clients}
          onEnd={(unlocked) => {
            end(unlocked === undefined ? undefined : texts.unlocked(unlocked));
          }}
        />
      )}
      {action !== undefined && action !== "unlock" && (
        <ConfirmDialog
          question={{
            title: userTexts[action],
            text: userTexts.explained[action],
            work: calls[action],
          }}
          onEnd={(isDone) => {
            end(isDone ? userTexts.done[action] : undefined);
          }}
        />
      )}
    </>
  );
}

/** LockUser takes a lock over that ends by itself, or that leaves known devices open; any other lock it refuses. */
function isLockable({
  locked,
  reason,
  lockEndTime,
  devices,
}: Lockout): boolean {
  return (
    !locked ||
    (reason !== LockReason.ADMINISTRATOR &&
      (lockEndTime !== undefined || devices > 0))
  );
}
