import type { Migration } from "../migrate.ts";
import { installation } from "./0001-installation.ts";
import { names } from "./0002-names.ts";
import { recorded } from "./0003-recorded.ts";
import { copyState } from "./0004-copy-state.ts";
import { unseen } from "./0005-unseen.ts";
import { attempts } from "./0006-attempts.ts";
import { userCounts } from "./0007-user-counts.ts";
import { dates } from "./0008-dates.ts";
import { dated } from "./0009-dated.ts";
import { pruning } from "./0010-pruning.ts";
import { tokenSecrets } from "./0011-token-secrets.ts";
import { reports } from "./0012-reports.ts";
import { policyRules } from "./0013-policy-rules.ts";
import { timedLocks } from "./0014-timed-locks.ts";
import { vault } from "./0015-vault.ts";
import { rememberedSecrets } from "./0016-remembered-secrets.ts";
import { lockedEverywhere } from "./0017-locked-everywhere.ts";
import { lockedCounts } from "./0018-locked-counts.ts";
import { sources } from "./0019-sources.ts";
import { factorLocks } from "./0020-factor-locks.ts";
import { accounts } from "./0021-accounts.ts";
import { revokedAccessTokens } from "./0022-revoked-access-tokens.ts";
import { hooks } from "./0023-hooks.ts";
import { devices } from "./0024-devices.ts";
import { lockEvents } from "./0025-lock-events.ts";
import { activity } from "./0026-activity.ts";
import { signingKeys } from "./0027-signing-keys.ts";
import { storms } from "./0028-storms.ts";
import { accountTokens } from "./0029-account-tokens.ts";
import { accountDescriptions } from "./0030-account-descriptions.ts";
import { removedOrgs } from "./0031-removed-orgs.ts";

/** Every migration, in order: numbers count from 1 without gaps. One that was released is never edited. */
export const migrations: readonly Migration[] = [
  installation,
  names,
  recorded,
  copyState,
  unseen,
  attempts,
  userCounts,
  dates,
  dated,
  pruning,
  tokenSecrets,
  reports,
  policyRules,
  timedLocks,
  vault,
  rememberedSecrets,
  lockedEverywhere,
  lockedCounts,
  sources,
  factorLocks,
  accounts,
  revokedAccessTokens,
  hooks,
  devices,
  lockEvents,
  activity,
  signingKeys,
  storms,
  accountTokens,
  accountDescriptions,
  removedOrgs,
];
