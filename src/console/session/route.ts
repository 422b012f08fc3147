import { useEffect, useState } from "preact/hooks";

/** What the address says is shown: a page by its name, and what it shows. */
export interface Route {
  readonly page: string;
  readonly parts: readonly string[];
}

/** The address of a page: behind the `#`, so that no server and no log of a proxy sees whom somebody looks at. */
export function addressOf(page: string, ...parts: readonly string[]): string {
  return `#/${[page, ...parts]
    // Half of a pair of surrogates has no code in an address.
    .map((part) => encodeURIComponent(part.toWellFormed()))
    .join("/")}`;
}

function readRoute(): Route {
  const [, page = "", ...parts] = location.hash.split("/").map(decode);
  return { page, parts };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** What is shown now, by the address. */
export function useRoute(): Route {
  const [route, setRoute] = useState(readRoute);
  useEffect(() => {
    const read = () => {
      setRoute(readRoute());
    };
    addEventListener("hashchange", read);
    return () => {
      removeEventListener("hashchange", read);
    };
  }, []);
  return route;
}

/** Goes to a page. */
export function goTo(page: string, ...parts: readonly string[]): void {
  location.hash = addressOf(page, ...parts);
}
