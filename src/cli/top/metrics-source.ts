import { OperationError, oneLine } from "../terminal/failure.ts";
import { readSamples } from "./samples.ts";
import type { Look } from "./summary.ts";

/** How long a page may take, in milliseconds. */
const timeoutMs = 10_000;

/**
 * Reads a page of metrics.
 *
 * @param token for a page that needs one
 * @throws OperationError where there is none
 */
export async function readMetrics(
  url: string,
  token: string | undefined,
): Promise<Look> {
  const response = await fetch(url, {
    headers: {
      accept: "text/plain",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    redirect: "error",
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((error: unknown) => {
    throw new OperationError(`${url} cannot be read (${reasonOf(error)})`, {
      cause: error,
    });
  });
  const page = await response.text();
  if (response.status === 401 || response.status === 403) {
    throw new OperationError(
      `${url} wants a token of the role IAM_OWNER or IAM_OWNER_VIEWER (status ${response.status}): set LOCKOUTD_TOKEN, or name the address of --metrics-listen by --metrics`,
    );
  }
  const samples = readSamples(page);
  if (!response.ok || !samples.has("lockoutd_store_up")) {
    throw new OperationError(
      `${url} is no page of lockoutd's metrics (status ${response.status})`,
    );
  }
  return { time: Date.now(), samples };
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return oneLine(cause instanceof Error ? cause.message : message);
}
