import { afterEach, beforeEach, describe } from "vitest";
import { describeAccessEvents } from "./store/access-events.ts";
import { describeAccounts } from "./store/accounts.ts";
import { describeActivity } from "./store/activity.ts";
import { describeAttemptEnds } from "./store/attempt-ends.ts";
import { describeAttempts } from "./store/attempts.ts";
import { StoreBed } from "./store/bed.ts";
import type { StoreHarness } from "./store/bed.ts";
import { describeCommands } from "./store/commands.ts";
import { describeUserEvents } from "./store/user-events.ts";
import { describeDates } from "./store/dates.ts";
import { describeEvents } from "./store/events.ts";
import { describeFigures } from "./store/figures.ts";
import { describeDevices } from "./store/devices.ts";
import { describeFactorLocks } from "./store/factor-locks.ts";
import { describeHooks } from "./store/hooks.ts";
import { describeFoundUsers } from "./store/found-users.ts";
import { describeInstance } from "./store/instance.ts";
import { describeLifetime } from "./store/lifetime.ts";
import { describeLockedUsers } from "./store/locked-users.ts";
import { describeNames } from "./store/names.ts";
import { describeNotices } from "./store/notices.ts";
import { describeOrgs } from "./store/orgs.ts";
import { describeRemovedOrgs } from "./store/removed-orgs.ts";
import { describePolicyHistory } from "./store/policy-history.ts";
import { describePolicyRules } from "./store/policy-rules.ts";
import { describePolicies } from "./store/policies.ts";
import { describeRememberedSecrets } from "./store/remembered-secrets.ts";
import { describeReports } from "./store/reports.ts";
import { describeSources } from "./store/sources.ts";
import { describeStorms } from "./store/storms.ts";
import { describeTimedLocks } from "./store/timed-locks.ts";
import { describeTokens } from "./store/tokens.ts";
import { describeUnlocks } from "./store/unlocks.ts";
import { describeUserList } from "./store/user-list.ts";
import { describeUsers } from "./store/users.ts";
import { describeVault } from "./store/vault.ts";

/** The suite that every engine passes: each sentence of the port (`src/store/store.ts`). */
export function describeStore(
  name: string,
  createHarness: () => Promise<StoreHarness>,
): void {
  describe(`the store on ${name}`, () => {
    const bed = new StoreBed(createHarness);
    beforeEach(() => bed.setUp());
    afterEach(() => bed.tearDown());

    describeInstance(bed);
    describePolicies(bed);
    describePolicyRules(bed);
    describePolicyHistory(bed);
    describeCommands(bed);
    describeEvents(bed);
    describeDates(bed);
    describeNotices(bed);
    describeOrgs(bed);
    describeRemovedOrgs(bed);
    describeTokens(bed);
    describeAccounts(bed);
    describeHooks(bed);
    describeAccessEvents(bed);
    describeUsers(bed);
    describeUserList(bed);
    describeUserEvents(bed);
    describeAttempts(bed);
    describeAttemptEnds(bed);
    describeTimedLocks(bed);
    describeRememberedSecrets(bed);
    describeSources(bed);
    describeStorms(bed);
    describeFactorLocks(bed);
    describeDevices(bed);
    describeReports(bed);
    describeNames(bed);
    describeUnlocks(bed);
    describeLockedUsers(bed);
    describeFoundUsers(bed);
    describeActivity(bed);
    describeVault(bed);
    describeFigures(bed);
    describeLifetime(bed);
  });
}
