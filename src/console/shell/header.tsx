import { addressOf } from "../session/route.ts";
import { may } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import { useIsConnected } from "../session/use-live.ts";
import { texts } from "../texts/shared.ts";
import { FindForm } from "./find-form.tsx";
import { Organizations } from "./organizations.tsx";

/** What is on every page: where to find a user, whose organisation it is, who is signed in, and the pages. */
export function Header({
  session,
  pages,
  page,
  onSession,
  onSignOut,
}: {
  readonly session: Session;
  /** Those of the navigation. */
  readonly pages: readonly { readonly name: string; readonly title: string }[];
  /** The name of the page that is shown. */
  readonly page: string;
  readonly onSession: (session: Session) => void;
  readonly onSignOut: () => void;
}) {
  const { caller } = session;
  return (
    <header>
      <div class="bar">
        <span class="brand">{texts.name}</span>
        {may(session, "user.read") && <FindForm />}
        <div class="who">
          <Organizations session={session} onSession={onSession} />
          <span class="caller">
            <bdi>{caller.name || caller.id}</bdi>
            <span class="help">{caller.roles.join(", ")}</span>
          </span>
          <button type="button" onClick={onSignOut}>
            {texts.signOut}
          </button>
        </div>
      </div>
      <div class="bar tabs">
        <nav aria-label={texts.pages}>
          {pages.map(({ name, title }) => (
            <a
              key={name}
              href={addressOf(name)}
              aria-current={name === page ? "page" : undefined}
            >
              {title}
            </a>
          ))}
        </nav>
        <Connection session={session} />
      </div>
    </header>
  );
}

/** Says where what is shown may be old. */
function Connection({ session }: { readonly session: Session }) {
  const isConnected = useIsConnected(session);
  return (
    <p role="status" class={isConnected ? "live" : "lost"}>
      {isConnected ? texts.live : texts.notLive}
    </p>
  );
}
