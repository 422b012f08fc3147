import type { Attack } from "../attack.ts";
import { bearer, request } from "../wire/http1.ts";
import { json, repeat } from "../wire/load.ts";

export const changedUsers: Attack = {
  name: "changed-users",
  what: "Users with 100 aliases that are put, deleted, locked and unlocked by turns, 16 at once.",
  role: "ORG_USER_MANAGER",
  run: (target, tally) => {
    const headers = bearer(target.token);
    return repeat(target, tally, 16, (connection) => {
      const user = `changed-${connection % 4}`;
      const aliases = Array.from(
        { length: 100 },
        (_, index) => `${user}-${connection}-${index}`,
      );
      const body = json({ aliases, state: "USER_STATE_ACTIVE" });
      const asked = [
        request("PUT", `/lockout/v1/users/${user}`, headers, body),
        request("DELETE", `/lockout/v1/users/${user}`, headers),
        request(
          "POST",
          `/management/v1/users/${user}/_lock`,
          headers,
          json({}),
        ),
        request(
          "POST",
          `/management/v1/users/${user}/_unlock`,
          headers,
          json({}),
        ),
      ];
      return asked[(connection >> 2) % asked.length] ?? Buffer.alloc(0);
    });
  },
};

export const changedPolicies: Attack = {
  name: "changed-policies",
  what: "The policy of the organisation added, changed and removed by turns, 12 at once.",
  role: "ORG_SETTINGS_MANAGER",
  run: (target, tally) => {
    const headers = bearer(target.token);
    const path = "/management/v1/policies/lockout";
    return repeat(target, tally, 12, (connection) => {
      // Enough that those who log in meanwhile are never locked.
      const body = json({ maxPasswordAttempts: 1000 + connection });
      const asked = [
        request("POST", path, headers, body),
        request("PUT", path, headers, body),
        request("DELETE", path, headers),
      ];
      return asked[connection % asked.length] ?? Buffer.alloc(0);
    });
  },
};
