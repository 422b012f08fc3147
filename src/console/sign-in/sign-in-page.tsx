import { useEffect, useRef, useState } from "preact/hooks";
import { describeFailure } from "../session/failure.ts";
import type { Lifetime } from "../session/clients.ts";
import { signIn } from "../session/session.ts";
import type { Session } from "../session/session.ts";
import { texts } from "../texts/shared.ts";

/** Longer ones are refused by the server: those of issuers outside, with roles in many organisations, may have so many characters. */
const maxTokenLength = 8192;

/** Asks for a token. @param failure why the one before is none */
export function SignInPage({
  failure,
  onSignIn,
  lifetime,
}: {
  readonly failure: string;
  readonly onSignIn: (session: Session) => void;
  /** Of whoever signs in. */
  readonly lifetime: Lifetime;
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
      onSignIn(await signIn(secret, lifetime));
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
          maxLength={maxTokenLength}
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
