import { readFileSync } from "node:fs";

/** The version of this package. */
export function readVersion(): string {
  // The same distance from src/telemetry and from dist/telemetry.
  const file = new URL("../../package.json", import.meta.url);
  const manifest: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (manifest instanceof Object && "version" in manifest) {
    return String(manifest.version);
  }
  throw new Error(`${file.pathname} names no version`);
}
