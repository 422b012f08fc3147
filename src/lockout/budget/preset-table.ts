/**
 * What standards and controls ask of a lockout policy, as far as they name numbers. A row says what its source says, in the strictest
 * reading; how a policy is held against it is in `presets.ts`. CJIS, IRS 1075, HIPAA, ISO 27002, ASVS 5.0 and BSI name no number.
 */
import type { Limits } from "../policy/limits.ts";
import type { Rules } from "../policy/rules.ts";

/** What a row asks of a policy. Each number of the policy must meet what is asked of failures by itself. */
export type Demand =
  /** So many failures lock, at most. */
  | { readonly kind: "limit"; readonly most: number }
  /** So many failures lock, at most; or nobody has more guesses in any time so long. */
  | {
      readonly kind: "limitOrRate";
      readonly most: number;
      readonly withinMs: number;
    }
  /** A failure is remembered so long, at least. */
  | { readonly kind: "window"; readonly leastMs: number }
  /** A lock lasts so long, at least, or until somebody unlocks. */
  | { readonly kind: "lock"; readonly leastMs: number }
  /** A lock lasts until somebody unlocks. */
  | { readonly kind: "lockStays" }
  /** A warning comes before each lock that lasts until somebody unlocks. One that ends, as proposed, needs none. */
  | { readonly kind: "warning"; readonly proposedLockMs: number }
  /** So many failures in a row, at most, known devices' included, and time forgets none. */
  | { readonly kind: "failuresInRow"; readonly most: number }
  /** So many failures in any time so long, at most, known devices' included. */
  | {
      readonly kind: "failuresWithin";
      readonly most: number;
      readonly withinMs: number;
    }
  /** A lock closes known devices too. */
  | { readonly kind: "allDevices" }
  /** A lock closes the whole account, and not one factor. */
  | { readonly kind: "allFactors" }
  /** A failure counts also where the same wrong secret was tried before. */
  | { readonly kind: "repeats" }
  /** What no lockout policy decides. */
  | { readonly kind: "notDecided"; readonly text: string };

/** A row. */
export interface Preset {
  /** The document, and where in it. */
  readonly source: string;
  readonly edition: string;
  readonly demands: readonly Demand[];
  /** A policy that meets it with the least that it asks. Where it names no time, a lock lasts until somebody unlocks. */
  readonly policy: Limits &
    Partial<Pick<Rules, "lockDurationMs" | "observationWindowMs">>;
}

const minute = 60_000;
const hour = 60 * minute;

// All rows but two ask for a lock of the account.
const account = [{ kind: "allDevices" }, { kind: "allFactors" }] as const;
const attempts = { kind: "repeats" } as const;

function both(limit: number): Limits {
  return { maxPasswordAttempts: limit, maxOtpAttempts: limit };
}

const rows = {
  "nist-800-63b-4": {
    source: "NIST SP 800-63B-4, section 3.2.2",
    edition: "July 2025",
    demands: [{ kind: "failuresInRow", most: 100 }, attempts],
    policy: both(100),
  },
  "pci-dss-4.0.1": {
    source: "PCI DSS, requirement 8.3.4",
    edition: "4.0.1",
    demands: [
      { kind: "limit", most: 10 },
      { kind: "lock", leastMs: 30 * minute },
      ...account,
      attempts,
    ],
    policy: { ...both(10), lockDurationMs: 30 * minute },
  },
  "psd2-rts": {
    source: "Delegated Regulation (EU) 2018/389, Article 4(3)(b) and 4(4)",
    edition: "27 November 2017",
    demands: [
      { kind: "limit", most: 5 },
      { kind: "warning", proposedLockMs: 15 * minute },
      {
        kind: "notDecided",
        text: "The event user.lockout.warned is sent on to the person",
      },
      ...account,
      attempts,
    ],
    policy: { ...both(5), lockDurationMs: 15 * minute },
  },
  "owasp-asvs-4.0.3": {
    source: "OWASP ASVS, requirement 2.2.1",
    edition: "4.0.3",
    demands: [{ kind: "failuresWithin", most: 100, withinMs: hour }, attempts],
    policy: { ...both(100), lockDurationMs: hour },
  },
  "cis-windows-l1": {
    source: "CIS Microsoft Windows Server 2022 Benchmark, level 1, section 1.2",
    edition: "3.0.0",
    demands: [
      { kind: "limit", most: 5 },
      { kind: "window", leastMs: 15 * minute },
      { kind: "lock", leastMs: 15 * minute },
      ...account,
      attempts,
    ],
    policy: {
      ...both(5),
      lockDurationMs: 15 * minute,
      observationWindowMs: 15 * minute,
    },
  },
  "stig-windows-2022": {
    source: "DISA STIG for Windows Server 2022, WN22-AC-000010, -20 and -30",
    edition: "version 2",
    demands: [
      { kind: "limit", most: 3 },
      { kind: "window", leastMs: 15 * minute },
      { kind: "lock", leastMs: 15 * minute },
      ...account,
      attempts,
    ],
    policy: {
      ...both(3),
      lockDurationMs: 15 * minute,
      observationWindowMs: 15 * minute,
    },
  },
  "stig-rhel-9": {
    source: "DISA STIG for RHEL 9, RHEL-09-411075, -411085 and -411090",
    edition: "version 2",
    demands: [
      { kind: "limit", most: 3 },
      { kind: "window", leastMs: 15 * minute },
      { kind: "lockStays" },
      ...account,
      attempts,
    ],
    policy: { ...both(3), observationWindowMs: 15 * minute },
  },
  "dod-800-171r3-odp": {
    source: "DoD values for NIST SP 800-171 revision 3, 03.01.08",
    edition: "April 2025",
    demands: [
      { kind: "limit", most: 5 },
      { kind: "window", leastMs: 5 * minute },
      { kind: "lock", leastMs: 15 * minute },
      {
        kind: "notDecided",
        text: "Administrators are notified of a lock that lasts until somebody unlocks",
      },
      ...account,
      attempts,
    ],
    policy: {
      ...both(5),
      lockDurationMs: 15 * minute,
      observationWindowMs: 5 * minute,
    },
  },
  "fedramp-high-r4": {
    source: "FedRAMP High baseline, AC-7",
    edition: "revision 4",
    demands: [
      { kind: "limit", most: 3 },
      { kind: "window", leastMs: 15 * minute },
      { kind: "lock", leastMs: 3 * hour },
      ...account,
      attempts,
    ],
    policy: {
      ...both(3),
      lockDurationMs: 3 * hour,
      observationWindowMs: 15 * minute,
    },
  },
  "uk-cyber-essentials": {
    source: "Cyber Essentials, question A7.10",
    edition: "April 2025 (Willow)",
    demands: [
      { kind: "limitOrRate", most: 10, withinMs: 5 * minute },
      ...account,
      attempts,
    ],
    policy: { ...both(10), lockDurationMs: 5 * minute },
  },
  "au-ism-1403": {
    source: "Australian Information Security Manual, ISM-1403",
    edition: "November 2024",
    demands: [{ kind: "limit", most: 5 }, ...account, attempts],
    policy: both(5),
  },
  "nl-bio": {
    source: "Baseline Informatiebeveiliging Overheid, measure 9.4.3.1",
    edition: "1.04",
    demands: [
      { kind: "limit", most: 10 },
      {
        kind: "notDecided",
        text: "It is laid down how long a lock lasts",
      },
      ...account,
      attempts,
    ],
    policy: both(10),
  },
} as const satisfies Readonly<Record<string, Preset>>;

/** The name of a preset. */
export type PresetName = keyof typeof rows;

/** The rows, by name. */
export const presetTable: Readonly<Record<PresetName, Preset>> = rows;

/** The name of every preset. */
export const presetNames = Object.keys(rows) as readonly PresetName[];

/** Whether there is such a preset. */
export function isPresetName(name: string): name is PresetName {
  return Object.hasOwn(rows, name);
}
