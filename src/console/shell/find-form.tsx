import { useState } from "preact/hooks";
import { goTo } from "../session/route.ts";
import { texts } from "../texts/shared.ts";

/** The field of {@link FindForm}. */
export const findFieldId = "find";

/** Where a user is found, on every page. */
export function FindForm() {
  const [query, setQuery] = useState("");
  return (
    <form
      role="search"
      class="find"
      onSubmit={(event) => {
        event.preventDefault();
        if (query.trim() !== "") {
          goTo("find", query.trim());
        }
      }}
    >
      <label for={findFieldId}>{texts.find}</label>
      <input
        id={findFieldId}
        type="text"
        autocomplete="off"
        spellcheck={false}
        maxLength={200}
        placeholder={texts.findHelp}
        value={query}
        onInput={({ currentTarget }) => {
          setQuery(currentTarget.value);
        }}
      />
      <button type="submit">{texts.findButton}</button>
    </form>
  );
}
