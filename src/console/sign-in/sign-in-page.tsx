import { useEffect, useRef, useState } from "preact/hooks";
import { describeFailure } from "../session/failure.ts";
import { signIn } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import { texts } from "../texts/shared.ts";

/** Asks for a token. @param failure why the one before is none */
export function SignInPage({
  failure,
  onSignIn,
  onEnd,
}: {
  readonly failure: string;
  readonly onSignIn: (session: Session) => void;
  /** Called where the token is good no more. */
  readonly onEnd: (error: unknown) => void;
}) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState(failure);
  const [isBusy, setIsBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
  }, []);
  const submit = async () => {
    const secret = token.trim();
    if (!/^[\x21-\x7e]+$/.test(secret)) {
      setProblem(texts.tokenForm);
      field.current?.focus();
      return;
    }
    setIsBusy(true);
    try {
      onSignIn(await signIn(secret, onEnd));
    } catch (error) {
      setProblem(describeFailure(error));
      setIsBusy(false);
      field.current?.focus();
    }
  };
  return (
    <main class="sign-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <p class="brand">{texts.name}</p>
        <h1>{texts.signIn}</h1>
        <label for="token">{texts.token}</label>
        <input
          id="token"
          ref={field}
          class="secret"
          type="text"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          maxLength={1000}
          value={token}
          aria-describedby={
            problem === "" ? "token-help" : "token-help problem"
          }
          aria-invalid={problem !== ""}
          onInput={({ currentTarget }) => {
            setToken(currentTarget.value);
          }}
        />
        <p id="token-help" class="help">
          {texts.tokenHelp}
        </p>
        <p id="problem" role="alert" class="problem">
          {problem}
        </p>
        <button type="submit" class="main" disabled={isBusy}>
          {texts.signIn}
        </button>
      </form>
    </main>
  );
}
