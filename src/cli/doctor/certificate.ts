import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Finding } from "./finding.ts";

const dayMs = 86_400_000;
/** What renews certificates does so 30 days before: after half of them it has failed. */
const soonDays = 15;

/** Looks at the files of a certificate and its key. @throws Error of the file system, or of OpenSSL */
export async function lookAtCertificate(
  certificateFile: string,
  keyFile: string | undefined,
  now: number,
): Promise<Omit<Finding, "about">> {
  const certificate = new X509Certificate(await readFile(certificateFile));
  if (keyFile !== undefined) {
    const key = createPrivateKey(await readFile(keyFile));
    if (!certificate.checkPrivateKey(key)) {
      return {
        level: "problem",
        text: `${keyFile} is not the key of ${certificateFile}`,
        advice: "put both files of one pair there, then send SIGHUP",
      };
    }
  }
  return lookAtExpiry(
    `the certificate ${certificateFile}`,
    Date.parse(certificate.validTo),
    now,
  );
}

/** Looks at when a certificate ends. @param validTo in milliseconds since 1970 */
export function lookAtExpiry(
  name: string,
  validTo: number,
  now: number,
): Omit<Finding, "about"> {
  const days = Math.floor((validTo - now) / dayMs);
  const date = new Date(validTo).toISOString();
  const advice =
    "renew it, then send SIGHUP to the server, or have it look by --tls-reload 1h";
  if (days < 0) {
    return { level: "problem", text: `${name} ended on ${date}`, advice };
  }
  const text = `${name} ends on ${date}, in ${days} days`;
  return days < soonDays
    ? { level: "warning", text, advice }
    : { level: "ok", text };
}
