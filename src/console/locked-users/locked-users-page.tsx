import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { useCallback, useState } from "preact/hooks";
import { LockReason } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { Lockout } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { lockedCsv, saveFile } from "./csv.ts";
import { useLive } from "../session/use-live.ts";
import { LockedTable } from "./locked-table.tsx";
import { may } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import { reasonTexts, texts } from "../texts/shared.ts";
import { UnlockDialog } from "../parts/unlock-dialog.tsx";

const pageSize = 50;
const reasons = [
  ...[LockReason.PASSWORD_ATTEMPTS, LockReason.OTP_ATTEMPTS],
  ...[LockReason.CEILING, LockReason.ADMINISTRATOR],
];
const hourMs = 3_600_000;
const spans = [
  [0, texts.anyTime],
  [hourMs, texts.lastHour],
  [24 * hourMs, texts.lastDay],
  [7 * 24 * hourMs, texts.lastWeek],
] as const;

interface Filter {
  readonly reason: LockReason;
  readonly sinceMs: number;
  readonly namePrefix: string;
}

/** Who is locked, with what a help desk does about it. */
export function LockedUsersPage({ session }: { readonly session: Session }) {
  const [filter, setFilter] = useState<Filter>({
    ...{ reason: LockReason.UNSPECIFIED, sinceMs: 0, namePrefix: "" },
  });
  const [pageToken, setPageToken] = useState("");
  const [message, setMessage] = useState("");
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [unlocking, setUnlocking] = useState<readonly Lockout[]>([]);
  const {
    value: page,
    failure,
    reload,
  } = useLive(
    session,
    useCallback(
      (signal: AbortSignal) =>
        session.clients.attempts.listLockedUsers(
          {
            ...{ pageSize, pageToken, orderBy: "lock_time desc" },
            ...{ reason: filter.reason, namePrefix: filter.namePrefix.trim() },
            allOrganizations: session.isAll,
            ...(filter.sinceMs > 0 && {
              since: timestampFromMs(Date.now() - filter.sinceMs),
            }),
          },
          { signal },
        ),
      [session, filter, pageToken],
    ),
  );

  const users = page?.users ?? [];
  const chosen = users.filter(({ userId }) => selected.has(userId));
  const isFiltered =
    filter.reason !== LockReason.UNSPECIFIED ||
    filter.sinceMs !== 0 ||
    filter.namePrefix !== "";
  const change = (part: Partial<Filter>) => {
    setFilter({ ...filter, ...part });
    setPageToken("");
    setSelected(new Set());
  };
  const mayUnlock = may(session, "user.write");
  return (
    <>
      <h1>{texts.lockedUsers}</h1>
      <Filters filter={filter} onChange={change} />
      <p role="alert" class="problem">
        {failure}
      </p>
      {page === undefined ? (
        failure === "" && <p>{texts.loading}</p>
      ) : (
        <>
          <p>
            {texts.lockedCount}:{" "}
            <strong data-total>{page.totalSize.toLocaleString()}</strong>
            {page.unknownNames > 0 &&
              `. ${texts.unknownNames} ${page.unknownNames.toLocaleString()}`}
          </p>
          <p role="status" class="message">
            {message}
          </p>
          {users.length === 0 ? (
            <p>{isFiltered ? texts.lockedNobodyFits : texts.lockedNobody}</p>
          ) : (
            <>
              <div class="buttons">
                {mayUnlock && (
                  <button
                    type="button"
                    disabled={chosen.length === 0}
                    onClick={() => {
                      setUnlocking(chosen);
                    }}
                  >
                    {texts.unlockSelected} ({chosen.length})
                  </button>
                )}
                <button
                  type="button"
                  onClick={() => {
                    saveFile("locked-users.csv", lockedCsv(users));
                  }}
                >
                  {texts.exportCsv}
                </button>
              </div>
              <LockedTable
                users={users}
                selected={selected}
                mayUnlock={mayUnlock}
                onSelect={setSelected}
                onUnlock={(user) => {
                  setUnlocking([user]);
                }}
              />
            </>
          )}
          <div class="buttons">
            {pageToken !== "" && (
              <button
                type="button"
                onClick={() => {
                  setPageToken("");
                }}
              >
                {texts.previous}
              </button>
            )}
            {page.nextPageToken !== "" && (
              <button
                type="button"
                onClick={() => {
                  setSelected(new Set());
                  setPageToken(page.nextPageToken);
                }}
              >
                {texts.more}
              </button>
            )}
          </div>
        </>
      )}
      {unlocking.length > 0 && (
        <UnlockDialog
          clients={session.clients}
          users={unlocking}
          onEnd={(unlocked) => {
            setUnlocking([]);
            if (unlocked !== undefined) {
              setMessage(`${texts.unlocked} ${unlocked}`);
              setSelected(new Set());
              reload();
            }
          }}
        />
      )}
    </>
  );
}

function Filters({
  filter,
  onChange,
}: {
  readonly filter: Filter;
  readonly onChange: (part: Partial<Filter>) => void;
}) {
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <label>
        {texts.reason}
        <select
          value={filter.reason}
          onChange={({ currentTarget }) => {
            onChange({
              reason:
                reasons.find((each) => String(each) === currentTarget.value) ??
                LockReason.UNSPECIFIED,
            });
          }}
        >
          <option value={0}>{texts.anyReason}</option>
          {reasons.map((reason) => (
            <option key={reason} value={reason}>
              {reasonTexts[reason]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {texts.since}
        <select
          value={filter.sinceMs}
          onChange={({ currentTarget }) => {
            onChange({ sinceMs: Number(currentTarget.value) });
          }}
        >
          {spans.map(([ms, text]) => (
            <option key={ms} value={ms}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label>
        {texts.nameBegins}
        <input
          type="text"
          autocomplete="off"
          spellcheck={false}
          maxLength={200}
          value={filter.namePrefix}
          onInput={({ currentTarget }) => {
            onChange({ namePrefix: currentTarget.value });
          }}
        />
      </label>
    </form>
  );
}
