import type { Problems } from "./problems.ts";
import { toStorm } from "./storm-rows.ts";

/** Compares which storms are under way with what the events say. */
export class StormCheck {
  readonly #problems: Problems;
  readonly #underWay = new Set<string>();

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Takes the next event of an organisation. */
  add(orgId: string, type: string): void {
    const isUnderWay = this.#underWay.has(orgId);
    if (type === "org.lockout.storm.began") {
      if (isUnderWay) {
        this.#report(orgId, "began twice, by the events");
      }
      this.#underWay.add(orgId);
    } else if (type === "org.lockout.storm.ended") {
      if (!isUnderWay) {
        this.#report(orgId, "ended, by the events, and had not begun");
      }
      this.#underWay.delete(orgId);
    }
  }

  /** Takes the removal of an organisation, with which a storm ends. */
  removeOrg(orgId: string): void {
    this.#underWay.delete(orgId);
  }

  /** Compares, once all events were taken. */
  check(
    rows: readonly { readonly org_id: string; readonly storm: string }[],
  ): void {
    const stored = new Set(
      rows
        .filter(({ storm }) => toStorm(storm).beganTime !== undefined)
        .map(({ org_id: orgId }) => orgId),
    );
    for (const orgId of stored) {
      if (!this.#underWay.has(orgId)) {
        this.#report(orgId, "is under way, but its events say that it is not");
      }
    }
    for (const orgId of this.#underWay) {
      if (!stored.has(orgId)) {
        this.#report(orgId, "is not under way, but its events say that it is");
      }
    }
  }

  #report(orgId: string, what: string): void {
    this.#problems.report(`the storm of the organisation ${orgId} ${what}`);
  }
}
