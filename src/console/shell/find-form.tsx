import { useEffect, useRef, useState } from "preact/hooks";
import { goTo } from "../session/route.ts";
import { texts } from "../texts/shared.ts";

const shortcutsKey = "lockoutd.shortcuts";

/** Where a user is found, on every page; `/` goes there, unless somebody switches that off. */
export function FindForm() {
  const [query, setQuery] = useState("");
  const [hasShortcuts, setHasShortcuts] = useState(
    sessionStorage.getItem(shortcutsKey) !== "off",
  );
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isTyped =
        event.target instanceof Element &&
        event.target.closest("input, textarea, select, dialog") !== null;
      if (event.key === "/" && hasShortcuts && !isTyped) {
        event.preventDefault();
        field.current?.select();
      }
    };
    addEventListener("keydown", press);
    return () => {
      removeEventListener("keydown", press);
    };
  }, [hasShortcuts]);
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
      <label for="find">{texts.find}</label>
      <input
        id="find"
        ref={field}
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
      <label class="shortcuts">
        <input
          type="checkbox"
          checked={hasShortcuts}
          onChange={({ currentTarget }) => {
            sessionStorage.setItem(
              shortcutsKey,
              currentTarget.checked ? "on" : "off",
            );
            setHasShortcuts(currentTarget.checked);
          }}
        />
        {texts.shortcutHelp}
      </label>
    </form>
  );
}
