import { factors } from "./factor.ts";
import { isAnyOpen, noDevices, withoutDevices } from "./devices.ts";
import type { Devices } from "./devices.ts";
import { LockoutError } from "../errors/errors.ts";
import { devicesForgotten } from "./user-events.ts";
import type { DecideUser, UserState, UserView } from "./user.ts";

/**
 * All devices of a user are forgotten: none is known any more, and what is open now makes none.
 *
 * @throws LockoutError `userUnknown`
 */
export const forgetDevices: DecideUser<void> = (view) => {
  const { user } = view;
  if (user === undefined) {
    throw new LockoutError("userUnknown");
  }
  const devices = devicesAfterForgetting(user, view.counters);
  return {
    result: undefined,
    ...(devices !== undefined && { user: { ...user, devices } }),
    steps: [],
    events: devices === undefined ? [] : [devicesForgotten],
  };
};

/** Undefined where there is nothing to forget: no device, and no attempt that could make one. */
export function devicesAfterForgetting(
  { devices }: UserState,
  counters: UserView["counters"],
): Devices | undefined {
  const isOpen =
    isAnyOpen(devices) || factors.some((factor) => counters[factor].open > 0);
  return isOpen || (devices !== undefined && devices.kept.length > 0)
    ? withoutDevices(devices ?? noDevices)
    : undefined;
}
