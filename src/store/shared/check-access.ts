import { tokenPayload } from "../../lockout/access-events.ts";
import type { EventPayload } from "../../lockout/event.ts";
import type { Problems } from "./problems.ts";
import { toToken } from "./rows.ts";
import type { OrgRow, TokenRow } from "./rows.ts";

/** A row with whether its beginning is an event: 1, else it was there before. */
type Marked<Row> = Row & { readonly recorded: number };

/** Compares organisations and tokens with the result of their events. */
export class AccessCheck {
  readonly #problems: Problems;
  /** What is to be there, by what it is called in messages. */
  readonly #orgs = new Map<string, EventPayload>();
  readonly #tokens = new Map<string, EventPayload>();

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Takes the next event of anything. */
  add(owner: string, id: string, type: string, payload: EventPayload): void {
    switch (type) {
      case "org.added":
        this.#orgs.set(`organisation ${id}`, payload);
        break;
      case "user.pat.added":
        this.#tokens.set(tokenName(id, owner), payload);
        break;
      case "user.pat.removed":
        this.#tokens.delete(tokenName(id, owner));
        break;
    }
  }

  /** Compares, once all events were taken. */
  check(
    orgs: readonly Marked<OrgRow>[],
    tokens: readonly Marked<TokenRow>[],
  ): void {
    for (const { id, name, recorded } of orgs) {
      this.#compare(this.#orgs, `organisation ${id}`, { name }, recorded);
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
    for (const what of [...this.#orgs.keys(), ...this.#tokens.keys()]) {
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

function tokenName(id: string, orgId: string): string {
  return `token ${id} of the organisation ${orgId}`;
}

function textOf(payload: EventPayload): string {
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(payload).sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  );
}
