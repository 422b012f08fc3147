import { forgetSecrets } from "./remembered-secrets.ts";
import { newUser } from "./user.ts";
import type { DecideUser } from "./user.ts";

/** The secret that was guessed at is gone: its counter is reset. A lock stays. */
export const recordPasswordChange: DecideUser<void> = (view) => ({
  result: undefined,
  ...(view.user === undefined ? { user: newUser } : forgetSecrets(view.user)),
  steps: [{ factor: "password", failed: "clear", open: 0 }],
  events: [{ type: "user.human.password.changed" }],
});
