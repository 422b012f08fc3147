import { useCallback, useMemo, useState } from "preact/hooks";
import { Status } from "../parts/status.tsx";
import { clientsIn } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import { useLive } from "../session/use-live.ts";
import { userTexts } from "../texts/user.ts";
import { UserActions } from "./actions.tsx";
import { Factors } from "./factors.tsx";
import { Summary, StateBadge } from "./summary.tsx";
import { UserHistory } from "./user-history.tsx";

/** How often the page is read without an event that it hears of: attempts alone are none, in milliseconds. */
const everyMs = 5000;

/** A user: whether he is locked, why, and what happened. */
export function UserPage({
  session,
  parts,
}: {
  readonly session: Session;
  /** The organisation, and the id of the user. */
  readonly parts: readonly string[];
}) {
  const [orgId = "", userId = ""] = parts;
  const clients = useMemo(() => clientsIn(session, orgId), [session, orgId]);
  const [message, setMessage] = useState("");
  const { value, failure, reload } = useLive(
    session,
    useCallback(
      async (signal: AbortSignal) => {
        const [user, lockout] = await Promise.all([
          clients.users.getUser({ userId }, { signal }),
          clients.attempts.getLockout({ userId }, { signal }),
        ]);
        return { user, lockout };
      },
      [clients, userId],
    ),
    everyMs,
  );
  return (
    <>
      <div class="title">
        <div class="headline">
          <h1>
            <bdi>{value?.user.aliases[0] ?? userId}</bdi>
          </h1>
          {value !== undefined && <StateBadge {...value} />}
        </div>
      </div>
      <Status
        failure={failure}
        message={message}
        isLoading={value === undefined}
        notFound={userTexts.unknown}
      />
      {value !== undefined && (
        <>
          <section class="card" aria-label={userTexts.why}>
            <Summary {...value} />
            <UserActions
              session={session}
              clients={clients}
              lockout={value.lockout}
              onDone={(done) => {
                setMessage(done);
                reload();
              }}
            />
          </section>
          <Factors lockout={value.lockout} />
          <UserHistory clients={clients} userId={userId} changes={value} />
        </>
      )}
    </>
  );
}
