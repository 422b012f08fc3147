import { useCallback, useState } from "preact/hooks";
import type { Lockout } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { userKey } from "../parts/format.tsx";
import { Status } from "../parts/status.tsx";
import { UnlockDialog } from "../parts/unlock-dialog.tsx";
import { clientsIn, may } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import { useLive } from "../session/use-live.ts";
import { lockedTexts } from "../texts/locked-users.ts";
import { texts } from "../texts/shared.ts";
import { ExportButton } from "./export-button.tsx";
import { Filters } from "./filters.tsx";
import { isFiltered, listRequest, noFilter } from "./filter.ts";
import type { Filter } from "./filter.ts";
import { LockedTable } from "./locked-table.tsx";

const pageSize = 50;

/** Where a page begins. */
interface PageStart {
  readonly token: string;
  /** The time of the request that the token is from, in milliseconds since 1970 UTC: the next one asks for the same. */
  readonly time: number | undefined;
}

const firstPage: readonly PageStart[] = [{ token: "", time: undefined }];

interface Selection {
  /** By {@link userKey}. */
  readonly rows: ReadonlySet<string>;
  readonly filter: Filter;
  readonly starts: readonly PageStart[];
}

const noSelection: Selection = {
  rows: new Set(),
  filter: noFilter,
  starts: [],
};

/** Who is locked, with what a help desk does about it. */
export function LockedUsersPage({ session }: { readonly session: Session }) {
  const [filter, setFilter] = useState(noFilter);
  /** Of the pages up to this one. */
  const [starts, setStarts] = useState(firstPage);
  const [message, setMessage] = useState("");
  /** Of which rows some are selected: others may come between a choice and what it shows. */
  const [selection, setSelection] = useState<Selection>(noSelection);
  const [unlocking, setUnlocking] = useState<readonly Lockout[]>([]);
  const { value, failure, reload } = useLive(
    session,
    useCallback(
      async (signal: AbortSignal) => {
        const { token: pageToken = "", time = Date.now() } =
          starts.at(-1) ?? {};
        const page = await session.clients.attempts.listLockedUsers(
          { ...listRequest(session, filter, time), pageSize, pageToken },
          { signal },
        );
        return { page, filter, starts, time };
      },
      [session, filter, starts],
    ),
  );
  const page = value?.page;
  const users = page?.users ?? [];
  const selected =
    selection.starts === value?.starts && selection.filter === value.filter
      ? selection.rows
      : noSelection.rows;
  const chosen = users.filter((user) => selected.has(userKey(user)));
  const mayUnlock = may(session, "user.write");
  const change = (part: Partial<Filter>) => {
    setFilter({ ...filter, ...part });
    setStarts(firstPage);
  };
  return (
    <>
      <div class="title">
        <div class="headline">
          <h1>{texts.lockedUsers}</h1>
          {page !== undefined && (
            <span class="badge" data-total={page.totalSize}>
              {page.totalSize.toLocaleString()}
            </span>
          )}
        </div>
        {users.length > 0 && <ExportButton session={session} filter={filter} />}
      </div>
      <Filters filter={filter} onChange={change} />
      <Status
        failure={failure}
        message={message}
        isLoading={page === undefined}
      />
      {value !== undefined && page !== undefined && (
        <section class="card" aria-label={texts.lockedUsers}>
          {mayUnlock && users.length > 0 && (
            <div class="buttons">
              <button
                type="button"
                disabled={chosen.length === 0}
                onClick={() => {
                  setUnlocking(chosen);
                }}
              >
                {lockedTexts.unlockSelected} ({chosen.length})
              </button>
            </div>
          )}
          {users.length === 0 ? (
            <p class="empty">
              {isFiltered(filter) ? lockedTexts.nobodyFits : lockedTexts.nobody}
            </p>
          ) : (
            <LockedTable
              session={session}
              users={users}
              selected={selected}
              mayUnlock={mayUnlock}
              onSelect={(rows) => {
                setSelection({
                  rows,
                  filter: value.filter,
                  starts: value.starts,
                });
              }}
              onUnlock={(user) => {
                setUnlocking([user]);
              }}
            />
          )}
          <Pager
            starts={value.starts}
            next={{ token: page.nextPageToken, time: value.time }}
            total={page.totalSize}
            shown={users.length}
            onTurn={setStarts}
          />
          {page.unknownNames > 0 && (
            <p class="help">{lockedTexts.unknownNames(page.unknownNames)}</p>
          )}
        </section>
      )}
      {unlocking.length > 0 && (
        <UnlockDialog
          users={unlocking}
          clientsIn={(orgId) => clientsIn(session, orgId)}
          onEnd={(unlocked) => {
            setUnlocking([]);
            if (unlocked !== undefined) {
              setMessage(texts.unlocked(unlocked));
              setSelection(noSelection);
              reload();
            }
          }}
        />
      )}
    </>
  );
}

function Pager({
  starts,
  next,
  total,
  shown,
  onTurn,
}: {
  readonly starts: readonly PageStart[];
  readonly next: PageStart;
  readonly total: number;
  readonly shown: number;
  readonly onTurn: (starts: readonly PageStart[]) => void;
}) {
  if (starts.length === 1 && next.token === "") {
    return null;
  }
  const before = (starts.length - 1) * pageSize;
  return (
    <div class="buttons">
      <button
        type="button"
        disabled={starts.length === 1}
        onClick={() => {
          onTurn(starts.slice(0, -1));
        }}
      >
        {texts.previous}
      </button>
      <button
        type="button"
        disabled={next.token === ""}
        onClick={() => {
          onTurn([...starts, next]);
        }}
      >
        {texts.next}
      </button>
      <span class="help">
        {lockedTexts.range(before + 1, before + shown, total)}
      </span>
    </div>
  );
}
