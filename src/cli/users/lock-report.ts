import { toJson } from "@bufbuild/protobuf";
import { LockoutSchema } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { Lockout } from "../../../gen/lockout/v1/attempt_service_pb.js";
import { OperationError } from "../terminal/failure.ts";
import type { OrgClients, UserOptions } from "../calls/org-clients.ts";
import { toJsonText } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { tellUnchanged } from "../terminal/unchanged.ts";
import { readShown, shownJson, shownText } from "./user-text.ts";
import { idOf, nameOf } from "./who.ts";
import type { Who, WhoOptions } from "./who.ts";

/** The options of commands that lock and unlock. */
export interface LockOptions extends UserOptions, WhoOptions {
  readonly exitCode: boolean;
}

/** What locking or unlocking those who are named has led to. */
export interface Done {
  readonly all: readonly Who[];
  readonly unchanged: readonly Who[];
  /** Whose lock is newer than the one that was meant, and was left. */
  readonly left: readonly Who[];
  /** What the others are now. */
  readonly verb: string;
  /** The locks of those who are unlocked, as they were. */
  readonly locked: readonly Lockout[] | undefined;
}

const leftLocked = "locked anew since, left locked";

/**
 * Shows one as it is then, and of several who was changed.
 *
 * @throws OperationError where a newer lock was left, UnchangedExit where nothing was to be changed and the exit code is to tell it
 */
export async function reportDone(
  clients: OrgClients,
  done: Done,
  { output, exitCode }: LockOptions,
  terminal: Terminal,
): Promise<void> {
  const { all, unchanged, left, verb } = done;
  const [only] = all;
  const changed = all.filter(
    (who) => !unchanged.includes(who) && !left.includes(who),
  );
  if (only !== undefined && all.length === 1) {
    const shown = await readShown(clients, only);
    terminal.out(
      output === "json" ? toJsonText(shownJson(shown)) : shownText(shown),
    );
  } else {
    terminal.out(
      output === "json"
        ? toJsonText(doneJson(done, changed))
        : [
            ...changed.map((who) => `${nameOf(who)}: ${verb}\n`),
            ...left.map((who) => `${nameOf(who)}: ${leftLocked}\n`),
          ].join(""),
    );
  }
  const [first] = left.length > 0 ? left : unchanged;
  if (first !== undefined && left.length > 0) {
    throw new OperationError(
      all.length === 1
        ? `${nameOf(first)}: ${leftLocked}`
        : `${changed.length} ${verb}, ${unchanged.length} unchanged, ${left.length} ${leftLocked}`,
    );
  }
  if (changed.length === 0) {
    const state = verb === "locked" ? "locked already" : "not locked";
    const what =
      first !== undefined && unchanged.length === 1
        ? `${nameOf(first)} is ${state}`
        : verb === "locked"
          ? `all of them are ${state}`
          : "none of them is locked";
    tellUnchanged(what, exitCode, terminal);
  } else if (all.length > 1) {
    terminal.err(`${changed.length} ${verb}, ${unchanged.length} unchanged\n`);
  }
}

function doneJson({ unchanged, left, locked }: Done, changed: readonly Who[]) {
  return {
    changed: changed.map(idOf),
    unchanged: unchanged.map(idOf),
    ...(left.length > 0 && { leftLocked: left.map(idOf) }),
    ...(locked !== undefined && {
      lockouts: locked.map((lockout) => toJson(LockoutSchema, lockout)),
    }),
  };
}
