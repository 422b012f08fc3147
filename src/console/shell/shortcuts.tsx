import { useEffect, useState } from "preact/hooks";
import { goTo } from "../session/route.ts";
import { texts } from "../texts/shared.ts";
import { findFieldId } from "./find-form.tsx";

const storageKey = "lockoutd.shortcuts";

/** The keys of all pages, which can be switched off: who speaks to a computer presses them unawares. */
export function Shortcuts({
  pages,
}: {
  /** The pages of the navigation, to which the digits go. */
  readonly pages: readonly { readonly name: string }[];
}) {
  const [isOn, setIsOn] = useState(
    sessionStorage.getItem(storageKey) !== "off",
  );
  useEffect(() => {
    if (!isOn) {
      return;
    }
    const listen = (event: KeyboardEvent) => {
      press(event, pages);
    };
    addEventListener("keydown", listen);
    return () => {
      removeEventListener("keydown", listen);
    };
  }, [isOn, pages]);
  return (
    <footer>
      <span>
        {texts.shortcuts}: <kbd>/</kbd> {texts.shortcutHelp}, <kbd>1</kbd>–
        <kbd>{pages.length}</kbd> {texts.digitsHelp}
      </span>
      <label>
        <input
          type="checkbox"
          checked={isOn}
          onChange={({ currentTarget }) => {
            sessionStorage.setItem(
              storageKey,
              currentTarget.checked ? "on" : "off",
            );
            setIsOn(currentTarget.checked);
          }}
        />{" "}
        {texts.shortcutsOn}
      </label>
    </footer>
  );
}

function press(
  event: KeyboardEvent,
  pages: readonly { readonly name: string }[],
): void {
  const isTyped =
    event.target instanceof Element &&
    event.target.closest("input, textarea, select, dialog") !== null;
  if (isTyped || event.ctrlKey || event.altKey || event.metaKey) {
    return;
  }
  const page = /^[1-9]$/.test(event.key)
    ? pages[Number(event.key) - 1]
    : undefined;
  if (page !== undefined) {
    goTo(page.name);
  }
  const field = document.getElementById(findFieldId);
  if (event.key === "/" && field instanceof HTMLInputElement) {
    event.preventDefault();
    field.select();
  }
}
