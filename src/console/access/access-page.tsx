import { addressOf } from "../session/route.ts";
import type { Session } from "../session/session.ts";
import { accessTexts as texts } from "../texts/access.ts";
import { Accounts } from "./accounts.tsx";
import { Deliveries } from "./deliveries.tsx";
import { Hooks } from "./hooks.tsx";
import { Organizations } from "./organizations.tsx";
import { Tokens } from "./tokens.tsx";

const sections = [
  ["tokens", texts.tokens],
  ["accounts", texts.accounts],
  ["organizations", texts.organizations],
  ["hooks", texts.hooks],
] as const;

/** Who and what may call, and where events are sent. */
export function AccessPage({
  session,
  parts: [section = "tokens", id],
}: {
  readonly session: Session;
  /** A section, and the id of a hook. */
  readonly parts: readonly string[];
}) {
  return (
    <>
      <div class="title">
        <h1>{texts.title}</h1>
        <nav aria-label={texts.sections}>
          {sections.map(([name, title]) => (
            <a
              key={name}
              href={addressOf("access", name)}
              aria-current={name === section ? "page" : undefined}
            >
              {title}
            </a>
          ))}
        </nav>
      </div>
      <Section session={session} section={section} id={id} />
    </>
  );
}

function Section({
  session,
  section,
  id,
}: {
  readonly session: Session;
  readonly section: string;
  readonly id: string | undefined;
}) {
  switch (section) {
    case "accounts":
      return <Accounts session={session} />;
    case "organizations":
      return <Organizations session={session} />;
    case "hooks":
      return id === undefined ? (
        <Hooks session={session} />
      ) : (
        <Deliveries session={session} hookId={id} />
      );
    default:
      return <Tokens session={session} />;
  }
}
