import type { Attack } from "../attack.ts";
import { Span } from "../wire/pace.ts";

export const idle: Attack = {
  name: "nothing",
  what: "Nothing: what health checks and logins take by themselves.",
  run: async (target) => {
    await new Span(target).rest();
    return undefined;
  },
};
