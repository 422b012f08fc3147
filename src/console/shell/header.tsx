import { addressOf } from "../session/route.ts";
import { may } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import { texts } from "../texts/shared.ts";
import { FindForm } from "./find-form.tsx";
import { Organizations } from "./organizations.tsx";

/** What is on every page: the pages, where to find a user, whose organisation it is, and who is signed in. */
export function Header({
  session,
  pages,
  page,
  onSession,
  onSignOut,
}: {
  readonly session: Session;
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
          <span class="help" title={caller.roles.join(", ")}>
            <bdi>{caller.name || caller.id}</bdi>
            {" · "}
            {texts.roles}: {caller.roles.join(", ")}
          </span>
          <button type="button" onClick={onSignOut}>
            {texts.signOut}
          </button>
        </div>
      </div>
      <nav aria-label={texts.pages}>
        {pages
          .filter(({ title }) => title !== "")
          .map(({ name, title }) => (
            <a
              key={name}
              href={addressOf(name)}
              aria-current={name === page ? "page" : undefined}
            >
              {title}
            </a>
          ))}
      </nav>
    </header>
  );
}
