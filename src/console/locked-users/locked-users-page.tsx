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

interface Selection {
  /** By {@link userKey}. */
  readonly rows: ReadonlySet<string>;
  readonly filter: Filter;
  readonly tokens: readonly string[];
}

const noSelection: Selection = {
  rows: new Set(),
  filter: noFilter,
  tokens: [],
};

/** Who is locked, with what a help desk does about it. */
export function LockedUsersPage({ session }: { readonly session: Session }) {
  const [filter, setFilter] = useState(noFilter);
  /** The tokens of the pages up to this one. */
  const [tokens, setTokens] = useState<readonly string[]>([""]);
  const [message, setMessage] = useState("");
  /** Of which rows some are selected: others may come between a choice and what it shows. */
  const [selection, setSelection] = useState<Selection>(noSelection);
  const [unlocking, setUnlocking] = useState<readonly Lockout[]>([]);
  const pageToken = tokens.at(-1) ?? "";
  const { value, failure, reload } = useLive(
    session,
    useCallback(
      async (signal: AbortSignal) => ({
        page: await session.clients.attempts.listLockedUsers(
          { ...listRequest(session, filter), pageSize, pageToken },
          { signal },
        ),
        ...{ filter, tokens },
      }),
      [session, filter, tokens],
    ),
  );
  const page = value?.page;
  const users = page?.users ?? [];
  const selected =
    selection.tokens === value?.tokens && selection.filter === value.filter
      ? selection.rows
      : noSelection.rows;
  const chosen = users.filter((user) => selected.has(userKey(user)));
  const mayUnlock = may(session, "user.write");
  const change = (part: Partial<Filter>) => {
    setFilter({ ...filter, ...part });
    setTokens([""]);
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
                  tokens: value.tokens,
                });
              }}
              onUnlock={(user) => {
                setUnlocking([user]);
              }}
            />
          )}
          <Pager
            tokens={value.tokens}
            next={page.nextPageToken}
            total={page.totalSize}
            shown={users.length}
            onTurn={setTokens}
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
  tokens,
  next,
  total,
  shown,
  onTurn,
}: {
  readonly tokens: readonly string[];
  readonly next: string;
  readonly total: number;
  readonly shown: number;
  readonly onTurn: (tokens: readonly string[]) => void;
}) {
  if (tokens.length === 1 && next === "") {
    return null;
  }
  const before = (tokens.length - 1) * pageSize;
  return (
    <div class="buttons">
      <button
        type="button"
        disabled={tokens.length === 1}
        onClick={() => {
          onTurn(tokens.slice(0, -1));
        }}
      >
        {texts.previous}
      </button>
      <button
        type="button"
        disabled={next === ""}
        onClick={() => {
          onTurn([...tokens, next]);
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
