import type { Lockout } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { useWork } from "../parts/use-work.ts";
import type { Session } from "../session/session.ts";
import { lockedTexts } from "../texts/locked-users.ts";
import { csvHead, csvRows } from "./csv.ts";
import { listRequest } from "./filter.ts";
import type { Filter } from "./filter.ts";
import { saveFile } from "./save-file.ts";

/** Small enough that neither reading nor writing a page of them holds the page up. */
const pageSize = 250;

/** Saves all who fit, not those of one page alone, as a file. */
export function ExportButton({
  session,
  filter,
}: {
  readonly session: Session;
  readonly filter: Filter;
}) {
  const { isBusy, problem, run } = useWork();
  const save = async () => {
    const parts = [csvHead()];
    for await (const users of lockedUsers(session, filter)) {
      parts.push(csvRows(users));
    }
    saveFile("locked-users.csv", parts);
  };
  return (
    <div class="buttons">
      {problem !== "" && (
        <span role="alert" class="problem">
          {problem}
        </span>
      )}
      <button
        type="button"
        aria-disabled={isBusy}
        onClick={() => {
          run(save);
        }}
      >
        {lockedTexts.exportCsv}
      </button>
    </div>
  );
}

/** All locked users who fit, by pages. */
async function* lockedUsers(
  session: Session,
  filter: Filter,
): AsyncGenerator<readonly Lockout[]> {
  const request = listRequest(session, filter, Date.now());
  let pageToken = "";
  do {
    const page = await session.clients.attempts.listLockedUsers({
      ...request,
      ...{ pageSize, pageToken },
    });
    yield page.users;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}
