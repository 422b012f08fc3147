import { readFile } from "node:fs/promises";
import type { Logger } from "pino";
import type { ServerConfig } from "./config.ts";

type Files = NonNullable<ServerConfig["tls"]>;

/** A certificate with those that lead to its authority, and its key, in PEM. */
export interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Reads certificate and key. @throws Error of the file system */
export async function readTlsPair({ cert, key }: Files): Promise<TlsPair> {
  const [certificate, privateKey] = await Promise.all([
    readFile(cert),
    readFile(key),
  ]);
  return { cert: certificate, key: privateKey };
}

/** What reads the files of a running server again. */
export interface TlsReload {
  /** Reads them now. Resolves when that is done or logged as a failure; never rejects. */
  now(): Promise<void>;
  stop(): void;
}

/**
 * Reads certificate and key again, when asked and at intervals. A pair that cannot be used is logged, and the one before stays: it may be half
 * of a new one, of which the other half is still to come.
 *
 * @param pair the one that is used at present
 * @param everyMs how often it is read, 0 for never but when asked
 * @param use has the server use a pair; throws where it cannot be used
 */
export function startTlsReload(
  files: Files,
  pair: TlsPair,
  everyMs: number,
  use: (pair: TlsPair) => void,
  log: Logger,
): TlsReload {
  let present = pair;
  let running: Promise<void> | undefined;
  let asked = 0;
  let handled = 0;

  const reload = async () => {
    try {
      const read = await readTlsPair(files);
      if (read.cert.equals(present.cert) && read.key.equals(present.key)) {
        log.debug("certificate and key are as they were");
        return;
      }
      use(read);
      present = read;
      log.info("certificate and key were read again: new connections get them");
    } catch (error) {
      log.error(
        { err: error, ...files },
        "certificate and key cannot be used: those before stay",
      );
    }
  };
  // Files may have changed after a reading that runs has read them. However often it is asked meanwhile, one more is enough.
  const catchUp = async () => {
    while (handled < asked) {
      handled = asked;
      await reload();
    }
    running = undefined;
  };
  const now = () => {
    asked += 1;
    running ??= catchUp();
    return running;
  };
  const timer =
    everyMs === 0
      ? undefined
      : setInterval(() => {
          void now();
        }, everyMs).unref();
  return {
    now,
    stop: () => {
      clearInterval(timer);
    },
  };
}
