import {
  groupTexts,
  policyTexts,
  scopeTexts,
  settingTexts,
} from "../texts/policy.ts";
import { groups, kindOf } from "./settings.ts";
import type { SettingName } from "./settings.ts";

interface FieldsProps {
  /** What stands in a field. */
  readonly texts: (name: SettingName) => string;
  readonly isChanged: (name: SettingName) => boolean;
  /** Fields that hold no value. */
  readonly wrong: ReadonlySet<SettingName>;
  readonly mayWrite: boolean;
  readonly onInput: (name: SettingName, text: string) => void;
}

/** The fields of all settings, in groups. */
export function Fields(props: FieldsProps) {
  return (
    <div class="card settings">
      <h2>{policyTexts.settings}</h2>
      <p class="help">{policyTexts.spanHelp}</p>
      {(Object.keys(groups) as (keyof typeof groups)[]).map((group) => (
        <fieldset key={group} disabled={!props.mayWrite}>
          <legend>{groupTexts[group]}</legend>
          {(Object.keys(groups[group]) as SettingName[]).map((name) => (
            <Field key={name} name={name} {...props} />
          ))}
        </fieldset>
      ))}
    </div>
  );
}

function Field({
  name,
  texts,
  isChanged,
  wrong,
  onInput,
}: FieldsProps & { readonly name: SettingName }) {
  const { label, help } = settingTexts[name];
  const kind = kindOf(name);
  const shared = {
    id: name,
    value: texts(name),
    class: isChanged(name) ? "changed" : "",
    "aria-describedby": `${name}-help`,
  };
  return (
    <div class="setting">
      <label for={name}>{label}</label>
      {kind === "scope" ? (
        <select
          {...shared}
          onChange={({ currentTarget }) => {
            onInput(name, currentTarget.value);
          }}
        >
          <option value="0">{scopeTexts.user}</option>
          <option value="1">{scopeTexts.factor}</option>
        </select>
      ) : (
        <input
          {...shared}
          type="text"
          inputMode={kind === "span" ? "text" : "decimal"}
          autocomplete="off"
          spellcheck={false}
          maxLength={20}
          size={8}
          placeholder={kind === "number" ? "" : policyTexts.none}
          aria-invalid={wrong.has(name)}
          onInput={({ currentTarget }) => {
            onInput(name, currentTarget.value);
          }}
        />
      )}
      <p id={`${name}-help`} class="help">
        {help}
      </p>
    </div>
  );
}
