/**
 * Known devices: what is kept of them, and the steps that it takes. A device that a user has logged in with has chances of its own, so that nobody
 * who guesses from elsewhere keeps the user out.
 */
import { factors } from "./factor.ts";
import type { Factor } from "./factor.ts";
import { trustDurationOf } from "../policy/rules.ts";
import type { Rules } from "../policy/rules.ts";

/** What was used of chances of one factor. */
export interface Used {
  readonly failed: number;
  /** Attempts that are begun and not completed. */
  readonly open: number;
}

/** By factor; a factor of which nothing is used is left out. */
export type UsedByFactor = Readonly<Partial<Record<Factor, Used>>>;

/** A device that a user has logged in with. */
export interface Device {
  /** Is in events, and opens nothing. */
  readonly id: string;
  /** Milliseconds since 1970 UTC. */
  readonly lastSuccess: number;
  /** Since the last success of the factor on it. */
  readonly used: UsedByFactor;
}

/** What is kept of the devices of a user. */
export interface Devices {
  /** How often all of them were forgotten: an attempt that was begun before gives no token, and is no known device's. */
  readonly generation: number;
  readonly kept: readonly Device[];
  /** On all devices, forgotten ones too, since the last success of the factor or, for the password, its change. */
  readonly used: UsedByFactor;
}

/** The devices of a user who has none. */
export const noDevices: Devices = { generation: 0, kept: [], used: {} };

/** So many devices of a user are kept. */
const maxDevices = 10;

/** Failures and open attempts of a factor on all devices are at most so many times the chances of one. */
const maxFull = 10;

/** What is used of a factor. */
export function usedOf(used: UsedByFactor, factor: Factor): Used {
  return used[factor] ?? { failed: 0, open: 0 };
}

/** Whether the rules know devices. */
export function knowsDevices({ devices }: Rules): boolean {
  return devices.maxAttempts > 0;
}

/** The device with this id, where it is trusted now. */
export function findTrusted(
  devices: Devices | undefined,
  id: string | undefined,
  rules: Rules,
  now: number,
): Device | undefined {
  const device = devices?.kept.find((one) => one.id === id);
  return device !== undefined &&
    knowsDevices(rules) &&
    now - device.lastSuccess <= trustDurationOf(rules)
    ? device
    : undefined;
}

/** Whether a device has chances, as the rules have it at this moment: one that has none is as an unknown one. */
export function hasChances(
  devices: Devices,
  device: Device,
  factor: Factor,
  { devices: { maxAttempts } }: Rules,
): boolean {
  const all = usedOf(devices.used, factor);
  return (
    usedOf(device.used, factor).failed < maxAttempts &&
    all.failed + all.open < maxFull * maxAttempts
  );
}

/** With so much more used of a factor, on one device and on all. The device may be forgotten. */
export function withUsed(
  devices: Devices,
  id: string,
  factor: Factor,
  more: Used,
): Devices {
  return {
    ...devices,
    kept: devices.kept.map((device) =>
      device.id === id
        ? { ...device, used: added(device.used, factor, more) }
        : device,
    ),
    used: added(devices.used, factor, more),
  };
}

/** After a success of a factor on a device, at this time. */
export function withSuccess(
  devices: Devices,
  id: string,
  factor: Factor,
  now: number,
): Devices {
  return {
    ...withoutFailures(devices, factor),
    kept: devices.kept.map((device) =>
      device.id === id
        ? {
            ...device,
            lastSuccess: now,
            used: withoutFailed(device.used, factor),
          }
        : device,
    ),
  };
}

/** After a success of a factor anywhere, or a change of the password: what was used on all devices together starts over. */
export function withoutFailures(devices: Devices, factor: Factor): Devices {
  return { ...devices, used: withoutFailed(devices.used, factor) };
}

/** With a device remembered that has just succeeded; the ids of those that had to go for it. */
export function withDevice(
  devices: Devices,
  id: string,
  now: number,
): { readonly devices: Devices; readonly removed: readonly string[] } {
  const known = devices.kept.find((device) => device.id === id);
  const others = devices.kept.filter((device) => device.id !== id);
  const all = [{ id, used: known?.used ?? {}, lastSuccess: now }, ...others];
  const kept = all
    .toSorted((a, b) => b.lastSuccess - a.lastSuccess)
    .slice(0, maxDevices);
  return {
    devices: { ...devices, kept },
    removed: all
      .filter((device) => !kept.includes(device))
      .map((device) => device.id),
  };
}

/** Without a device. */
export function withoutDevice(devices: Devices, id: string): Devices {
  const kept = devices.kept.filter((device) => device.id !== id);
  return { ...devices, kept };
}

/** Without any device, so that no attempt that is open now makes one. */
export function withoutDevices({ generation, used }: Devices): Devices {
  return { generation: generation + 1, kept: [], used };
}

/** A user of whom no attempt is open any more. */
export function withoutOpenOnDevices<
  State extends { readonly devices?: Devices | undefined },
>(user: State): State {
  const { devices } = user;
  if (devices === undefined) {
    return user;
  }
  const kept = devices.kept.map((device) => ({
    ...device,
    used: closed(device.used),
  }));
  return { ...user, devices: { ...devices, kept, used: closed(devices.used) } };
}

/** Whether an attempt is open on a device, a forgotten one too. */
export function isAnyOpen(devices: Devices | undefined): boolean {
  return factors.some((factor) => (devices?.used[factor]?.open ?? 0) > 0);
}

function added(used: UsedByFactor, factor: Factor, more: Used): UsedByFactor {
  const { failed, open } = usedOf(used, factor);
  return withFactor(used, factor, {
    failed: failed + more.failed,
    open: open + more.open,
  });
}

function withoutFailed(used: UsedByFactor, factor: Factor): UsedByFactor {
  return withFactor(used, factor, { ...usedOf(used, factor), failed: 0 });
}

function closed(used: UsedByFactor): UsedByFactor {
  return factors.reduce(
    (left, factor) =>
      withFactor(left, factor, { ...usedOf(left, factor), open: 0 }),
    used,
  );
}

/** Only what is used is written down. */
function withFactor(
  used: UsedByFactor,
  factor: Factor,
  now: Used,
): UsedByFactor {
  return Object.fromEntries(
    factors
      .map((name) => [name, name === factor ? now : used[name]] as const)
      .filter(([, one]) => one !== undefined && one.failed + one.open > 0),
  );
}
