/** Attempts on known devices: they take the device's chances, and none of the user's. */
import type {
  Comparison,
  CompleteResult,
  Outcome,
} from "../user/comparison.ts";
import {
  findTrusted,
  hasChances,
  knowsDevices,
  noDevices,
  usedOf,
  withDevice,
  withoutDevice,
  withSuccess,
  withUsed,
} from "../user/devices.ts";
import type { Device, Devices, Used } from "../user/devices.ts";
import type { NewEvent } from "../events/event.ts";
import { checkEvents } from "../user/factor.ts";
import type { Factor } from "../user/factor.ts";
import { forgetSecrets, remember } from "../user/remembered-secrets.ts";
import { trustDurationOf } from "../policy/rules.ts";
import { atPayload, checked, deviceForgotten } from "../user/user-events.ts";
import { newUser } from "../user/user.ts";
import type { CommandView, UserChange, UserState } from "../user/user.ts";

/** The known device of a token, where it has chances of a factor left: by time, any token is as none. */
export function knownDevice(
  view: CommandView,
  factor: Factor,
  token: string | undefined,
): Device | undefined {
  const { rules, user, now } = view;
  if (!knowsDevices(rules)) {
    return undefined;
  }
  const id = view.readDeviceToken(token ?? "");
  const devices = user?.devices ?? noDevices;
  const device = findTrusted(devices, id, rules, now);
  return device !== undefined && hasChances(devices, device, factor, rules)
    ? device
    : undefined;
}

/** Why no secret is compared even on a known device: locks that failures caused close unknown ones only. */
export function refusalOnDevice({
  lock,
  account,
}: UserState): "locked" | "inactive" | undefined {
  if (lock?.reason === "administrator") {
    return "locked";
  }
  return account === "inactive" ? "inactive" : undefined;
}

/** The device whose chance a comparison holds, or takes where it is reported; undefined where it is the user's. */
export function deviceOf(
  view: CommandView,
  { id, factor, deviceId, deviceToken }: Comparison,
): string | undefined {
  return id === undefined
    ? knownDevice(view, factor, deviceToken)?.id
    : deviceId;
}

/** What {@link countOnDevice} counts. */
type OnDevice = Comparison & { readonly deviceId: string };

/** A user once a comparison has given back the chance of a device that it held. */
export function withReleased(user: UserState, compared: OnDevice): UserState {
  return withDevices(user, compared, { failed: 0, open: -heldBy(compared) });
}

/**
 * Counts a comparison on a device.
 *
 * @returns undefined for a success that is not one of a known device any more: it counts as an unknown one's
 */
export function countOnDevice(
  view: CommandView,
  compared: OnDevice,
  outcome: Outcome,
): UserChange<CompleteResult> | undefined {
  const { user = newUser } = view;
  const { id, factor, deviceId } = compared;
  const closed = refusalOnDevice(user);
  const kept = user.devices?.kept.find((device) => device.id === deviceId);
  const result: CompleteResult = {
    ...{ accepted: false, locked: closed === "locked" },
    failed: usedOf(kept?.used ?? {}, factor).failed,
    limit: view.rules.devices.maxAttempts,
  };
  const isReported = id === undefined;
  if (outcome === "failed" && !(isReported && closed !== undefined)) {
    return failOnDevice(view, user, compared, result);
  }
  if (outcome === "succeeded" && !isKnownStill(view, compared)) {
    return undefined;
  }
  if (outcome !== "succeeded" || closed !== undefined) {
    return {
      ...{ result, user: withReleased(user, compared) },
      ...{ steps: [], events: [] },
    };
  }
  const forgotten =
    factor === "password" ? forgetSecrets(user).user : undefined;
  const released = withReleased(forgotten ?? user, compared);
  const devices = released.devices ?? noDevices;
  const { client } = compared;
  return {
    result: { ...result, accepted: true, failed: 0 },
    user: {
      ...released,
      devices: withSuccess(devices, deviceId, factor, view.now),
    },
    steps: [],
    events: [checked(checkEvents[factor].succeeded, client, { deviceId })],
  };
}

/** A failure counts on the device whose chance it holds, whatever was changed or locked meanwhile; at its limit the device is forgotten. */
function failOnDevice(
  view: CommandView,
  user: UserState,
  compared: OnDevice,
  before: CompleteResult,
): UserChange<CompleteResult> {
  const { factor, client, deviceId, secretDigest, hasExpired } = compared;
  const memory = remember(view, factor, secretDigest);
  const isRepeated = memory?.isRepeated === true;
  const counted = isRepeated ? 0 : 1;
  const open = -heldBy(compared);
  const { devices = noDevices, ...stepped } = withDevices(user, compared, {
    failed: counted,
    open,
  });
  const failed = before.failed + counted;
  const isKept = devices.kept.some((device) => device.id === deviceId);
  const isUsedUp =
    isKept &&
    knowsDevices(view.rules) &&
    counted === 1 &&
    failed >= before.limit;
  const at = hasExpired === true ? view.now : undefined;
  return {
    result: { ...before, failed },
    user: {
      ...stepped,
      ...(memory !== undefined && {
        rememberedSecrets: memory.rememberedSecrets,
      }),
      devices: isUsedUp ? withoutDevice(devices, deviceId) : devices,
    },
    steps: [],
    events: [
      checked(checkEvents[factor].failed, client, {
        deviceId,
        ...(hasExpired === true && { expired: true, ...atPayload(at) }),
        ...(isRepeated && { repeated: true }),
      }),
      ...(isUsedUp ? [deviceForgotten(deviceId, at)] : []),
    ],
  };
}

/** Whether a success is one of a known device. */
function isKnownStill(
  { user, rules, now }: CommandView,
  { id, deviceId, deviceGeneration = 0 }: Comparison,
): boolean {
  const { devices = noDevices } = user ?? newUser;
  return (
    findTrusted(devices, deviceId, rules, now) !== undefined &&
    (id === undefined || deviceGeneration === devices.generation)
  );
}

/** What remembering the device of a success leads to. */
export interface Remembered {
  readonly devices: Devices;
  readonly events: readonly NewEvent[];
  readonly device: NonNullable<CompleteResult["device"]>;
}

/**
 * Remembers the device of an attempt that has succeeded: the known one anew, else one more.
 *
 * @param after the user after the success
 * @returns undefined where the rules know no devices, or all were forgotten since the attempt began
 */
export function rememberDevice(
  view: CommandView,
  attempt: Comparison & { readonly id: string },
  after: UserState,
  events: readonly NewEvent[],
): Remembered | undefined {
  const { rules, now } = view;
  const devices = after.devices ?? noDevices;
  if (
    !knowsDevices(rules) ||
    (attempt.deviceGeneration ?? 0) !== devices.generation
  ) {
    return undefined;
  }
  const id = isKnownStill(view, attempt)
    ? (attempt.deviceId ?? attempt.id)
    : attempt.id;
  const remembered = withDevice(devices, id, now);
  const { succeeded } = checkEvents[attempt.factor];
  return {
    devices: remembered.devices,
    events: [
      ...events.map((event) =>
        event.type === succeeded
          ? { ...event, payload: { ...event.payload, rememberedDevice: id } }
          : event,
      ),
      ...remembered.removed.map((one) => deviceForgotten(one, undefined)),
    ],
    device: { id, expireTime: now + trustDurationOf(rules) },
  };
}

function heldBy({ id }: Comparison): 0 | 1 {
  return id === undefined ? 0 : 1;
}

function withDevices(
  user: UserState,
  { deviceId, factor }: OnDevice,
  more: Used,
): UserState {
  const { devices = noDevices } = user;
  return { ...user, devices: withUsed(devices, deviceId, factor, more) };
}
