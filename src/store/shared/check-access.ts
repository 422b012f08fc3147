import { tokenPayload } from "../../lockout/events/access-events.ts";
import type { EventPayload } from "../../lockout/events/event.ts";
import type { Account } from "../../lockout/account/account-record.ts";
import { noAccount, replayAccount, stateOf } from "./replay-account.ts";
import type { AccountEvents } from "./replay-account.ts";
import type { Problems } from "./problems.ts";
import { toToken } from "./token-rows.ts";
import type { OrgRow } from "./rows.ts";
import type { TokenRow } from "./token-rows.ts";

/** A row with whether its beginning is an event: 1, else it was there before. */
type Marked<Row> = Row & { readonly recorded: number };

/** What of an organisation is checked. */
export interface CheckedOrg extends OrgRow {
  readonly removal_date: number | null;
}

/** Compares organisations and tokens with the result of their events. */
export class AccessCheck {
  readonly #problems: Problems;
  /** What is to be there, by what it is called in messages. */
  readonly #orgs = new Map<string, EventPayload>();
  readonly #tokens = new Map<string, EventPayload>();
  readonly #accounts = new Map<string, AccountEvents>();
  readonly #removed = new Set<string>();

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Takes the next event of anything. */
  add(owner: string, id: string, type: string, payload: EventPayload): void {
    switch (type) {
      case "org.added":
      case "org.changed":
        this.#orgs.set(orgName(id), payload);
        break;
      case "org.removed":
        this.#removeOrg(id);
        break;
      case "user.pat.added":
        // Those of accounts are among what these have.
        if (payload["tokenId"] === id) {
          this.#tokens.set(tokenName(id, owner), payload);
        }
        break;
      case "user.pat.removed":
        this.#tokens.delete(tokenName(id, owner));
        break;
    }
  }

  /** An organisation, its tokens and accounts are gone. */
  #removeOrg(orgId: string): void {
    this.#orgs.delete(orgName(orgId));
    this.#removed.add(orgId);
    const end = ofOrg(orgId);
    for (const left of [this.#tokens, this.#accounts]) {
      for (const name of left.keys()) {
        if (name.endsWith(end)) {
          left.delete(name);
        }
      }
    }
  }

  /** Takes the next event of a service account; says whether it was one's. */
  addToAccount(
    owner: string,
    id: string,
    type: string,
    payload: EventPayload,
  ): boolean {
    const name = accountName(id, owner);
    const before = this.#accounts.get(name);
    if (before === undefined && type !== "user.machine.added") {
      return false;
    }
    const after = replayAccount(before ?? noAccount, type, payload);
    if (after === undefined) {
      this.#accounts.delete(name);
    } else {
      this.#accounts.set(name, after);
    }
    return true;
  }

  /** Compares, once all events were taken. */
  check(
    orgs: readonly Marked<CheckedOrg>[],
    tokens: readonly Marked<TokenRow>[],
    accounts: readonly Account[],
  ): void {
    for (const account of accounts) {
      const name = accountName(account.id, account.orgId);
      const expected = this.#accounts.get(name);
      this.#accounts.delete(name);
      const found = textOf(stateOf(account));
      if (expected === undefined) {
        this.#problems.report(
          `${name} is there, but no event says that there is one`,
        );
      } else if (textOf(expected) !== found) {
        this.#problems.report(
          `${name} is ${found}, but its events come to ${textOf(expected)}`,
        );
      }
    }
    for (const { id, name, recorded, removal_date: removal } of orgs) {
      if (this.#removed.has(id) !== (removal !== null)) {
        this.#problems.report(
          `${orgName(id)} is ${removal === null ? "there" : "removed"}, but its events say that it is not`,
        );
      } else if (removal === null) {
        this.#compare(this.#orgs, orgName(id), { name }, recorded);
      }
    }
    for (const row of tokens) {
      const token = toToken(row);
      this.#compare(
        this.#tokens,
        tokenName(token.id, token.orgId),
        tokenPayload(token),
        row.recorded,
      );
    }
    for (const what of [
      ...this.#orgs.keys(),
      ...this.#tokens.keys(),
      ...this.#accounts.keys(),
    ]) {
      this.#problems.report(
        `${what} is missing: the events say that there is one`,
      );
    }
  }

  #compare(
    expected: Map<string, EventPayload>,
    what: string,
    found: EventPayload,
    recorded: number,
  ): void {
    const wanted = expected.get(what);
    expected.delete(what);
    if (wanted === undefined) {
      if (recorded === 1) {
        this.#problems.report(
          `${what} is there, but no event says that there is one`,
        );
      }
    } else if (textOf(wanted) !== textOf(found)) {
      this.#problems.report(
        `${what} is ${textOf(found)}, but its events come to ${textOf(wanted)}`,
      );
    }
  }
}

function accountName(id: string, orgId: string): string {
  return `service account ${id}${ofOrg(orgId)}`;
}

function tokenName(id: string, orgId: string): string {
  return `token ${id}${ofOrg(orgId)}`;
}

function orgName(id: string): string {
  return `organisation ${id}`;
}

function ofOrg(orgId: string): string {
  return ` of the ${orgName(orgId)}`;
}

function textOf(payload: object): string {
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(payload).sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  );
}
