import { listTokens } from "../calls/tokens.ts";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Clients } from "../transport/clients.ts";
import { getPolicy } from "../policy/policies.ts";
import { settingsOf } from "../policy/policy-settings.ts";
import type { Finding } from "./finding.ts";

type Found = Omit<Finding, "about">;

const dayMs = 86_400_000;
const soonMs = 30 * dayMs;
/** Clocks that are set by a time server differ by less. */
const mostSkewMs = 2000;

/** Looks at the default policy. @throws as the API does */
export async function lookAtPolicy(clients: Clients): Promise<Found> {
  const { policy } = await getPolicy(clients, undefined);
  const { maxPasswordAttempts, maxOtpAttempts, ceiling } = settingsOf(policy);
  const numbers = `by default, ${maxPasswordAttempts} wrong passwords or ${maxOtpAttempts} wrong codes lock a user`;
  if (ceiling > 0) {
    const zero = maxPasswordAttempts * maxOtpAttempts === 0;
    const text = `${numbers}${zero ? " (0 is no limit)" : ""}, and ${ceiling} failures in a row until somebody unlocks`;
    return { level: "ok", text };
  }
  return maxPasswordAttempts > 0 && maxOtpAttempts > 0
    ? { level: "ok", text: numbers }
    : {
        level: "warning",
        text: `${numbers}, and 0 means never`,
        advice:
          "lockoutd policy set --max-password-attempts 5 --max-otp-attempts 3",
      };
}

/** Looks for tokens that end soon, or have ended. @throws as the API does */
export async function lookAtTokens(
  { access }: Clients,
  now: number,
): Promise<Found> {
  const tokens = await listTokens({ access }, false);
  const ending = tokens.flatMap(({ tokenId, name, expireTime }) => {
    const end = expireTime && timestampMs(expireTime);
    return end === undefined || end - now > soonMs
      ? []
      : [
          `${tokenId} (${name === "" ? "without a name" : name}) ${end <= now ? "ended" : "ends"} on ${new Date(end).toISOString()}`,
        ];
  });
  return ending.length === 0
    ? { level: "ok", text: `no token ends soon, of ${tokens.length}` }
    : {
        level: "warning",
        text: ending.join("; "),
        advice:
          "make another one by lockoutd token create, and revoke the old one: lockoutd token revoke ID",
      };
}

/** Looks whether the newest event is of a time that is still to come. @throws as the API does */
export async function lookAtClock(
  { admin }: Clients,
  now: number,
): Promise<Found> {
  const {
    events: [newest],
  } = await admin.listEvents({ limit: 1 });
  const date = newest?.creationDate && timestampMs(newest.creationDate);
  return date !== undefined && date - now > mostSkewMs
    ? {
        level: "warning",
        text: `the newest event is of ${new Date(date).toISOString()}, and the clock of this machine says ${new Date(now).toISOString()}`,
        advice:
          "set the clocks of all nodes by a time server (NTP): the clock went back, or theirs differ",
      }
    : {
        level: "ok",
        text: `${new Date(now).toISOString()}, no event is later`,
      };
}
