import { useEffect, useState } from "preact/hooks";
import type {
  FoundUser,
  User,
} from "../../../gen/lockout/v1/user_service_pb.js";
import { isLocked } from "../parts/format.tsx";
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
    let only: User | undefined;
    try {
      // Those whose name begins with the text come first; to look through all others takes some pages.
      do {
        const page = await session.clients.users.findUsers(
          { query, pageSize: wanted, pageToken },
          signal === undefined ? {} : { signal },
        );
        count += page.users.length;
        only ??= page.users[0]?.user;
        setFound((before) => [...before, ...page.users]);
        pageToken = page.nextPageToken;
      } while (pageToken !== "" && count < wanted);
      setNext(pageToken === "" ? undefined : pageToken);
      setIsDone(true);
      if (
        start === "" &&
        pageToken === "" &&
        only !== undefined &&
        count === 1
      ) {
        // Nobody else can be meant. Back goes to where somebody looked from.
        location.replace(addressOf("users", only.resourceOwner, only.userId));
      }
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
      <div class="title">
        <h1>
          <span>
            {texts.foundFor} “<bdi>{query}</bdi>”
          </span>
        </h1>
        {session.isAll && (
          <p class="help">
            {texts.foundIn} <bdi>{session.caller.organizationName}</bdi>
          </p>
        )}
      </div>
      <p role="alert" class="problem">
        {failure}
      </p>
      <p role="status" class="status">
        {isDone
          ? found.length === 0
            ? texts.foundNobody
            : ""
          : failure === ""
            ? texts.loading
            : ""}
      </p>
      <ul class={found.length === 0 ? "found" : "found card"}>
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
            <span
              class={
                lockout !== undefined && isLocked(lockout)
                  ? "badge bad"
                  : "badge"
              }
            >
              {stateTexts[user?.state ?? 0]}
            </span>{" "}
            <span class="help">
              <bdi>{user?.userId}</bdi>
            </span>
          </li>
        ))}
      </ul>
      {isDone && next !== undefined && (
        <div class="buttons">
          <button
            type="button"
            onClick={() => {
              void find(next);
            }}
          >
            {texts.more}
          </button>
        </div>
      )}
    </>
  );
}
