import type { ComponentChildren } from "preact";
import { useWork } from "../parts/use-work.ts";
import { accessTexts as texts, roleTexts } from "../texts/access.ts";

/** A form that is open when it is wanted, and empty again once it is sent. */
export function CreateForm({
  title,
  check = () => "",
  onCreate,
  children,
}: {
  readonly title: string;
  /** Says what is wrong with what was typed; empty where nothing is. */
  readonly check?: (typed: FormData) => string;
  /** Given what was typed; where it fails, the form says so and stays as it is. */
  readonly onCreate: (typed: FormData) => Promise<unknown>;
  readonly children: ComponentChildren;
}) {
  const { isBusy, problem, setProblem, run } = useWork();
  return (
    <details class="card create">
      <summary>{title}</summary>
      <form
        aria-label={title}
        onSubmit={(event) => {
          event.preventDefault();
          const form = event.currentTarget;
          const typed = new FormData(form);
          const wrong = check(typed);
          if (wrong !== "") {
            setProblem(wrong);
            return;
          }
          run(async () => {
            await onCreate(typed);
            form.reset();
            form.closest("details")?.removeAttribute("open");
          });
        }}
      >
        {children}
        <p role="alert" class="problem">
          {problem}
        </p>
        <div class="buttons">
          <button type="submit" class="main" aria-disabled={isBusy}>
            {texts.create}
          </button>
        </div>
      </form>
    </details>
  );
}

/** What is wrong with the roles that were chosen. */
export function checkRoles(typed: FormData): string {
  return rolesOf(typed).length === 0 ? texts.rolesNeeded : "";
}

/** The roles that were chosen. */
export function rolesOf(typed: FormData): string[] {
  return textsOf(typed, "role");
}

/** What was typed in a field; empty where nothing was. */
export function textOf(typed: FormData, name: string): string {
  return textsOf(typed, name)[0]?.trim() ?? "";
}

/** All that was chosen of a name. */
export function textsOf(typed: FormData, name: string): string[] {
  return typed.getAll(name).filter((each) => typeof each === "string");
}

/** A choice of roles. */
export function RoleFields() {
  return (
    <fieldset>
      <legend>{texts.roles}</legend>
      {Object.entries(roleTexts).map(([role, help]) => (
        <label key={role} class="choice">
          <input type="checkbox" name="role" value={role} />
          <span>
            {role} <span class="help">{help}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** A field for a name or a URL; the server says where it is too long. */
export function NameField({
  name,
  label,
  isRequired = false,
}: {
  readonly name: string;
  readonly label: string;
  readonly isRequired?: boolean;
}) {
  return (
    <label>
      {label}
      <input
        name={name}
        type="text"
        autocomplete="off"
        spellcheck={false}
        required={isRequired}
        maxLength={2000}
      />
    </label>
  );
}
