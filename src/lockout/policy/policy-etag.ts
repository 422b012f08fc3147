/** Etags of policies: who changes one may say of which he knows, and is refused where it has changed since. */
import { LockoutError } from "../errors/errors.ts";
import type { PolicyParts, PolicyView } from "./policy.ts";

/**
 * Names what a policy shows: for the numbers and for the rules, whose they are, and of which event. It changes with the policy, an
 * organisation's also with a default that it shows.
 */
export function etagOf(view: PolicyView): string {
  return `${partTag(view, "numbers")}.${partTag(view, "rules")}`;
}

function partTag(
  { owner, own, inherited }: PolicyView,
  part: keyof PolicyParts,
): string {
  const found = own[part];
  return owner === "org" && found !== undefined
    ? `o${found.sequence}`
    : `d${(found ?? inherited[part])?.sequence ?? 0}`;
}

/** Of which policy a caller knows. What is undefined or empty is not asked for. */
export interface Precondition {
  readonly etag?: string | undefined;
  /** A header `If-Match`: a list of quoted etags, or `*`. */
  readonly ifMatch?: string | undefined;
}

/** Refuses a change of a policy of which the caller does not know. @throws LockoutError `policyChangedSince` or `ifMatchFailed` */
export function requireKnown(
  view: PolicyView,
  { etag = "", ifMatch }: Precondition,
): void {
  const current = etagOf(view);
  if (etag !== "" && etag !== current) {
    throw new LockoutError("policyChangedSince");
  }
  if (ifMatch !== undefined && !fits(ifMatch, current)) {
    throw new LockoutError("ifMatchFailed");
  }
}

/** An entity tag of a list, a weak one too. */
const listedTag = /(?:W\/)?"[^"]*"/g;

/** By RFC 9110, 13.1.1: weak etags (`W/"…"`) never fit, and `*` stands alone. */
function fits(ifMatch: string, etag: string): boolean {
  const tags: readonly string[] = ifMatch.match(listedTag) ?? [];
  return ifMatch.trim() === "*" || tags.includes(`"${etag}"`);
}
