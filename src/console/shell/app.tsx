import {
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "preact/hooks";
import { describeFailure } from "../session/failure.ts";
import type { Lifetime } from "../session/clients.ts";
import { useRoute } from "../session/route.ts";
import { resume, savedToken, signOut } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import { SignInPage } from "../sign-in/sign-in-page.tsx";
import { texts } from "../texts/shared.ts";
import { Header } from "./header.tsx";
import { permittedPages } from "./pages.tsx";
import { Shortcuts } from "./shortcuts.tsx";

/** The console: who is not signed in sees nothing but the sign-in. */
export function App() {
  const [session, setSession] = useState<Session>();
  const [failure, setFailure] = useState("");
  const [isStarting, setIsStarting] = useState(savedToken() !== undefined);
  const ending = useRef(new AbortController());
  const leave = useCallback((why: string) => {
    ending.current.abort();
    ending.current = new AbortController();
    signOut();
    setFailure(why);
    setSession(undefined);
  }, []);
  const newLifetime = useCallback(
    (): Lifetime => ({
      signal: ending.current.signal,
      onEnd: (error) => {
        leave(describeFailure(error));
      },
    }),
    [leave],
  );
  useEffect(() => {
    const token = savedToken();
    if (token === undefined) {
      return;
    }
    resume(token, newLifetime())
      .then(setSession)
      .catch((error: unknown) => {
        setFailure(describeFailure(error));
      })
      .finally(() => {
        setIsStarting(false);
      });
  }, [newLifetime]);
  if (isStarting) {
    return <p role="status">{texts.loading}</p>;
  }
  if (session === undefined) {
    return (
      <SignInPage
        failure={failure}
        onSignIn={setSession}
        lifetime={newLifetime()}
      />
    );
  }
  return (
    <SignedIn
      session={session}
      onSession={setSession}
      onSignOut={() => {
        leave("");
      }}
    />
  );
}

function SignedIn({
  session,
  onSession,
  onSignOut,
}: {
  readonly session: Session;
  readonly onSession: (session: Session) => void;
  readonly onSignOut: () => void;
}) {
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const address = JSON.stringify(route);
  const first = useRef(address);
  useEffect(() => session.live.start(), [session]);
  useEffect(() => {
    if (first.current === address) {
      return;
    }
    first.current = "";
    // So that the keyboard goes on, and a screen reader reads, from the new page on.
    main.current?.focus();
  }, [address]);
  const pages = useMemo(() => permittedPages(session), [session]);
  const listed = useMemo(
    () => pages.filter(({ title }) => title !== ""),
    [pages],
  );
  const page = pages.find(({ name }) => name === route.page) ?? pages[0];
  useEffect(() => {
    document.title =
      page === undefined || page.title === ""
        ? texts.console
        : `${page.title} – ${texts.console}`;
  }, [page]);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {texts.skip}
      </a>
      <Header
        session={session}
        pages={listed}
        page={page?.name ?? ""}
        onSession={onSession}
        onSignOut={onSignOut}
      />
      <main id="main" ref={main} tabIndex={-1}>
        {page === undefined ? (
          <p>{texts.nothingPermitted}</p>
        ) : (
          <page.Content
            key={`${session.isAll ? "" : session.orgId} ${address}`}
            session={session}
            parts={page.name === route.page ? route.parts : []}
          />
        )}
      </main>
      <Shortcuts pages={listed} />
    </>
  );
}
