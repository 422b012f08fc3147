import { withoutFailures } from "./devices.ts";
import { devicesAfterForgetting } from "./forget-devices.ts";
import { forgetSecrets } from "./remembered-secrets.ts";
import { newUser } from "./user.ts";
import type { DecideUser, UserState, UserView } from "./user.ts";

/** The secret that was guessed at is gone: its counter is reset, and all devices are forgotten. A lock stays. */
export const recordPasswordChange: DecideUser<void> = (view) => ({
  result: undefined,
  ...changed(view),
  steps: [{ factor: "password", failed: "clear", open: 0 }],
  events: [{ type: "user.human.password.changed" }],
});

/** The user, where more changes than the counter. */
function changed({ user, counters }: UserView): { readonly user?: UserState } {
  if (user === undefined) {
    return { user: newUser };
  }
  const forgotten = forgetSecrets(user);
  const devices = devicesAfterForgetting(user, counters) ?? user.devices;
  if (devices === undefined) {
    return forgotten;
  }
  return {
    user: {
      ...(forgotten.user ?? user),
      devices: withoutFailures(devices, "password"),
    },
  };
}
