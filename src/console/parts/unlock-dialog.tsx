import { useState } from "preact/hooks";
import type { Lockout } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { Clients } from "../session/clients.ts";
import { texts } from "../texts/shared.ts";
import { Dialog } from "./dialog.tsx";
import { isLocked, lockOf, nameOf, userKey } from "./format.tsx";
import { useWork } from "./use-work.ts";
import { whyLocked } from "./why.ts";

/** Asks why users are unlocked, shows who is meant, and unlocks them. */
export function UnlockDialog({
  users,
  clientsIn,
  onEnd,
}: {
  readonly users: readonly Lockout[];
  /** Clients for the users of an organisation. */
  readonly clientsIn: (orgId: string) => Clients;
  /** Told how many were unlocked; undefined where nothing was done. */
  readonly onEnd: (unlocked: number | undefined) => void;
}) {
  const [note, setNote] = useState("");
  const [ticket, setTicket] = useState("");
  const { isBusy, problem, run } = useWork();
  return (
    <Dialog
      title={texts.unlockTitle(users.length)}
      onCancel={() => {
        onEnd(undefined);
      }}
      onSubmit={() => {
        run(async () => {
          onEnd(await unlockAll(clientsIn, users, { note, ticket }));
        });
      }}
    >
      <ul
        class="preview"
        tabIndex={users.length > 5 ? 0 : undefined}
        aria-label={texts.unlockWho}
      >
        {users.map((user) => (
          <li key={userKey(user)}>
            <bdi>{nameOf(user)}</bdi>
            {isLocked(user) && (
              <>
                {" "}
                <span class="help">{whyLocked(user)}</span>
              </>
            )}
          </li>
        ))}
      </ul>
      <label for="note">{texts.unlockNote}</label>
      <input
        id="note"
        type="text"
        required
        autofocus
        maxLength={1000}
        autocomplete="off"
        value={note}
        aria-describedby="note-help"
        onInput={({ currentTarget }) => {
          setNote(currentTarget.value);
        }}
      />
      <p id="note-help" class="help">
        {texts.unlockNoteHelp}
      </p>
      <label for="ticket">{texts.ticket}</label>
      <input
        id="ticket"
        type="text"
        maxLength={200}
        autocomplete="off"
        value={ticket}
        onInput={({ currentTarget }) => {
          setTicket(currentTarget.value);
        }}
      />
      <p role="alert" class="problem">
        {problem}
      </p>
      <div class="buttons">
        <button
          type="button"
          onClick={() => {
            onEnd(undefined);
          }}
        >
          {texts.cancel}
        </button>
        <button type="submit" class="main" aria-disabled={isBusy}>
          {texts.unlock}
        </button>
      </div>
    </Dialog>
  );
}

interface Remarks {
  readonly note: string;
  readonly ticket: string;
}

/** @returns how many were unlocked */
async function unlockAll(
  clientsIn: (orgId: string) => Clients,
  users: readonly Lockout[],
  remarks: Remarks,
): Promise<number> {
  const [only] = users;
  if (only !== undefined && users.length === 1) {
    const { lockTime } = lockOf(only);
    await clientsIn(only.resourceOwner).attempts.unlock({
      ...remarks,
      subject: { case: "userId", value: only.userId },
      // A lock that is newer than what was shown stays: somebody may have set it on purpose.
      ...(lockTime !== undefined && { ifLockedAt: lockTime }),
    });
    return 1;
  }
  let unlocked = 0;
  for (const orgId of new Set(users.map((user) => user.resourceOwner))) {
    const userIds = users
      .filter(({ resourceOwner }) => resourceOwner === orgId)
      .map(({ userId }) => userId);
    unlocked += await unlockIn(clientsIn(orgId), userIds, remarks);
  }
  return unlocked;
}

async function unlockIn(
  { attempts }: Clients,
  userIds: string[],
  remarks: Remarks,
): Promise<number> {
  let unlocked = 0;
  let pageToken = "";
  do {
    const page = await attempts.unlockUsers({ ...remarks, userIds, pageToken });
    unlocked += page.unlocked;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return unlocked;
}
