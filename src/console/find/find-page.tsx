import { useEffect, useState } from "preact/hooks";
import type { FoundUser } from "../../../gen/lockout/v1/user_service_pb.js";
import { addressOf } from "../session/route.ts";
import { describeFailure } from "../session/failure.ts";
import type { Session } from "../session/session.ts";
import { stateTexts, texts } from "../texts/shared.ts";

/** So many users are shown before somebody asks for more. */
const wanted = 20;

/** The users who have a text in the id or a login name. */
export function FindPage({
  session,
  parts,
}: {
  readonly session: Session;
  readonly parts: readonly string[];
}) {
  const [query = ""] = parts;
  const [found, setFound] = useState<readonly FoundUser[]>([]);
  const [next, setNext] = useState<string | undefined>(undefined);
  const [isDone, setIsDone] = useState(false);
  const [failure, setFailure] = useState("");
  const find = async (start: string, signal?: AbortSignal) => {
    setIsDone(false);
    let pageToken = start;
    let count = 0;
    try {
      // Those whose name begins with the text come first; to look through all others takes some pages.
      do {
        const page = await session.clients.users.findUsers(
          { query, pageSize: wanted, pageToken },
          signal === undefined ? {} : { signal },
        );
        count += page.users.length;
        setFound((before) => [...before, ...page.users]);
        pageToken = page.nextPageToken;
      } while (pageToken !== "" && count < wanted);
      setNext(pageToken === "" ? undefined : pageToken);
      setIsDone(true);
    } catch (error) {
      if (signal?.aborted !== true) {
        setFailure(describeFailure(error));
      }
    }
  };
  useEffect(() => {
    if (query === "") {
      return;
    }
    const ending = new AbortController();
    void find("", ending.signal);
    return () => {
      ending.abort();
    };
  }, []);
  return (
    <>
      <h1>
        {texts.foundFor} “<bdi>{query}</bdi>”
      </h1>
      <p role="alert" class="problem">
        {failure}
      </p>
      <p role="status">
        {isDone
          ? found.length === 0
            ? texts.foundNobody
            : ""
          : failure === ""
            ? texts.loading
            : ""}
      </p>
      <ul class="found">
        {found.map(({ user, lockout }) => (
          <li key={user?.userId}>
            <a
              href={addressOf(
                "users",
                user?.resourceOwner ?? "",
                user?.userId ?? "",
              )}
            >
              <bdi>{user?.aliases[0] ?? user?.userId}</bdi>
            </a>{" "}
            <span class={lockout?.locked === true ? "locked" : ""}>
              {stateTexts[user?.state ?? 0]}
            </span>{" "}
            <span class="help">
              <bdi>{user?.userId}</bdi>
            </span>
          </li>
        ))}
      </ul>
      {isDone && next !== undefined && (
        <button
          type="button"
          onClick={() => {
            void find(next);
          }}
        >
          {texts.more}
        </button>
      )}
    </>
  );
}
