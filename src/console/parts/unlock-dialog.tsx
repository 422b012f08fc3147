import { useEffect, useRef, useState } from "preact/hooks";
import type { Lockout } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { nameOf, whyLocked } from "./format.tsx";
import { describeFailure } from "../session/failure.ts";
import type { Clients } from "../session/clients.ts";
import { texts } from "../texts/shared.ts";

/** Asks why users are unlocked, shows who is meant, and unlocks them. */
export function UnlockDialog({
  clients,
  users,
  onEnd,
}: {
  readonly clients: Clients;
  readonly users: readonly Lockout[];
  /** Told how many were unlocked; undefined where nothing was done. */
  readonly onEnd: (unlocked: number | undefined) => void;
}) {
  const [note, setNote] = useState("");
  const [ticket, setTicket] = useState("");
  const [problem, setProblem] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    // The browser keeps the focus inside, and gives it back.
    dialog.current?.showModal();
  }, []);
  const unlock = async () => {
    setIsBusy(true);
    try {
      onEnd(await unlockAll(clients, users, { note, ticket }));
    } catch (error) {
      setProblem(describeFailure(error));
      setIsBusy(false);
    }
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby="unlock-title"
      onCancel={(event) => {
        event.preventDefault();
        onEnd(undefined);
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void unlock();
        }}
      >
        <h2 id="unlock-title">{texts.unlockTitle}</h2>
        <p>
          {texts.unlockWho} {users.length}
        </p>
        <ul
          class="preview"
          tabIndex={users.length > 5 ? 0 : undefined}
          aria-label={texts.unlockWho}
        >
          {users.map((user) => (
            <li key={`${user.resourceOwner} ${user.userId}`}>
              <bdi>{nameOf(user)}</bdi> — {whyLocked(user)}
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
          value={ticket}
          onInput={({ currentTarget }) => {
            setTicket(currentTarget.value);
          }}
        />
        <p role="alert" class="problem">
          {problem}
        </p>
        <div class="buttons">
          <button type="submit" class="main" disabled={isBusy}>
            {texts.unlock}
          </button>
          <button
            type="button"
            onClick={() => {
              onEnd(undefined);
            }}
          >
            {texts.cancel}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** A lock that is newer than what was shown stays: somebody may have set it on purpose. */
async function unlockAll(
  clients: Clients,
  users: readonly Lockout[],
  remarks: { readonly note: string; readonly ticket: string },
): Promise<number> {
  const [only] = users;
  if (users.length === 1 && only?.lockTime !== undefined) {
    await clients.attempts.unlock({
      ...remarks,
      subject: { case: "userId", value: only.userId },
      ifLockedAt: only.lockTime,
    });
    return 1;
  }
  let unlocked = 0;
  let pageToken = "";
  do {
    const page = await clients.attempts.unlockUsers({
      ...remarks,
      userIds: users.map(({ userId }) => userId),
      pageToken,
    });
    unlocked += page.unlocked;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return unlocked;
}
