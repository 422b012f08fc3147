import { createHmac } from "node:crypto";
import { secretBytes } from "./secrets.ts";

/**
 * The headers by which a receiver knows that a message is ours and new: those of Standard Webhooks 1.0.0, and ZITADEL's of Actions.
 *
 * @param secrets all that are valid, the newest first
 * @param seconds when it is sent, in seconds since 1970
 */
export function signatureHeaders(
  secrets: readonly string[],
  id: string,
  seconds: number,
  body: string,
): Readonly<Record<string, string>> {
  return {
    "webhook-id": id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": secrets
      .map((secret) => {
        const digest = createHmac("sha256", secretBytes(secret))
          .update(`${id}.${seconds}.${body}`)
          .digest("base64");
        return `v1,${digest}`;
      })
      .join(" "),
    "zitadel-signature": [
      `t=${seconds}`,
      ...secrets.map((secret) => {
        const digest = createHmac("sha256", secret)
          .update(`${seconds}.${body}`)
          .digest("hex");
        return `v1=${digest}`;
      }),
    ].join(","),
  };
}
