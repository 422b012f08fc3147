import { useCallback, useEffect, useState } from "preact/hooks";
import type { FoundUser } from "../../../gen/lockout/v1/user_service_pb.js";
import { isLocked } from "../parts/format.tsx";
import { addressOf } from "../session/route.ts";
import type { Session } from "../session/session.ts";
import { usePages } from "../session/use-pages.ts";
import { stateTexts, texts } from "../texts/shared.ts";

/** So many users are read at once. */
const atOnce = 20;

/** The users who have a text in the id or a login name. */
export function FindPage({
  session,
  parts,
}: {
  readonly session: Session;
  readonly parts: readonly string[];
}) {
  const [query = ""] = parts;
  const { users } = session.clients;
  /** So many are read before somebody asks for more. */
  const [wanted, setWanted] = useState(atOnce);
  const { items, failure, more } = usePages<FoundUser>(
    useCallback(
      async (pageToken = "", signal) => {
        if (query === "") {
          return { items: [], next: "" };
        }
        const page = await users.findUsers(
          { query, pageSize: atOnce, pageToken },
          { signal },
        );
        return { items: page.users, next: page.nextPageToken };
      },
      [users, query],
    ),
  );
  const found = items ?? [];
  // Those whose name begins with the text come first; to look through all others takes some pages.
  const isDone =
    items !== undefined && (more === undefined || found.length >= wanted);
  useEffect(() => {
    if (!isDone && failure === "") {
      more?.();
    }
  }, [items]);
  useEffect(() => {
    const [only] = found;
    if (more === undefined && found.length === 1 && only?.user !== undefined) {
      const { resourceOwner, userId } = only.user;
      // Nobody else can be meant. Back goes to where somebody looked from.
      location.replace(addressOf("users", resourceOwner, userId));
    }
  }, [items]);
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
            {texts.foundIn} <bdi>{session.orgName}</bdi>
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
      {(isDone || failure !== "") && more !== undefined && (
        <div class="buttons">
          <button
            type="button"
            onClick={() => {
              setWanted(found.length + atOnce);
              more();
            }}
          >
            {texts.more}
          </button>
        </div>
      )}
    </>
  );
}
