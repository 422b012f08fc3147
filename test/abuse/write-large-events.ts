import type { Target } from "./attack.ts";
import { atOnce } from "./wire/pace.ts";
import { openClient } from "./wire/rest.ts";

/** Writes so many events that hold as much text as a caller can give. */
export async function writeLargeEvents(
  target: Target,
  count: number,
): Promise<void> {
  const client = openClient({ ...target, token: target.adminToken });
  const text = "\u{1f512}".repeat(1000);
  await atOnce(8, async (lane) => {
    for (let at = lane; at < count; at += 8) {
      await client.must("POST", "/lockout/v1/attempts:report", {
        userId: `eventful-${at}`,
        factor: "FACTOR_PASSWORD",
        outcome: "OUTCOME_FAILED",
        client: { userAgent: text, device: text },
      });
    }
  });
  client.close();
}
