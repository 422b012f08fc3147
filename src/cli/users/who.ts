import { Code, ConnectError } from "@connectrpc/connect";
import { Option } from "commander";
import type { Command } from "commander";
import type { Lockout } from "../../../gen/lockout/v1/attempt_service_pb.js";
import type { User } from "../../../gen/lockout/v1/user_service_pb.js";
import {
  describeFailure,
  OperationError,
  UsageError,
} from "../terminal/failure.ts";
import { readLines } from "./lines.ts";
import type { OrgClients } from "../calls/org-clients.ts";

/** Whom a command is about: a user, or a login name that no user has. */
export type Who =
  | { readonly kind: "user"; readonly userId: string }
  | { readonly kind: "name"; readonly loginName: string };

/** What the command line says of whom. */
export interface WhoOptions {
  readonly userId: readonly string[];
  readonly loginName: readonly string[];
}

/** Where a command reads texts from, one in each line. */
const fromInput = "-";

/** A user id and a login name have 200 characters, of four bytes at most. */
const maxLineBytes = 800;

/** So many look-ups are under way at once. */
const atOnce = 16;

/** Adds the arguments that say whom a command is about. */
export function addWho(command: Command): Command {
  return command
    .argument(
      "[who...]",
      "ids or login names; - reads them from standard input, one in each line",
    )
    .addOption(
      new Option("--user-id <id...>", "users by their ids alone").default(
        [],
        "none",
      ),
    )
    .addOption(
      new Option(
        "--login-name <name...>",
        "login names alone, whether a user has them or not",
      ).default([], "none"),
    );
}

/**
 * Whom the command line names, each once.
 *
 * @throws OperationError where a text leads to nobody, or to two users
 */
export async function findWho(
  clients: OrgClients,
  texts: readonly string[],
  { userId, loginName }: WhoOptions,
): Promise<readonly Who[]> {
  const finding =
    (find: (text: string) => Promise<Who>) =>
    ({ text, line }: Text) =>
    () =>
      namingLine(line, find(text));
  const all = [
    ...(await readTexts(userId)).map(
      finding((text) => findById(clients, text)),
    ),
    ...(await readTexts(loginName)).map(
      finding((text) => findByName(clients, text)),
    ),
    ...(await readTexts(texts)).map(
      finding((text) => findByText(clients, text)),
    ),
  ];
  const found = new Map<string, Who>();
  const failures: unknown[] = [];
  for (let start = 0; start < all.length; start += atOnce) {
    const some = all.slice(start, start + atOnce).map((find) => find());
    for (const result of await Promise.allSettled(some)) {
      if (result.status === "rejected") {
        failures.push(result.reason);
      } else {
        found.set(nameOf(result.value), result.value);
      }
    }
    if (failures.some(isOfNoText) || failures.length >= toldFailures) {
      break;
    }
  }
  if (failures.length > 0) {
    throw joinFailures(failures, all.length);
  }
  return [...found.values()];
}

/** How many wrong texts are looked for before the command gives up. */
const toldFailures = 20;

/** Whether nothing can be found at all, whatever the text. */
function isOfNoText(failure: unknown): boolean {
  return (
    failure instanceof ConnectError && failure.cause instanceof OperationError
  );
}

/** All failures in the order of the texts: who corrects a list is to see them at once. */
function joinFailures(failures: readonly unknown[], texts: number): unknown {
  const [first] = failures;
  if (texts === 1 || isOfNoText(first)) {
    return first;
  }
  const lines = failures.slice(0, toldFailures).map(describeFailure);
  const Failure = first instanceof UsageError ? UsageError : OperationError;
  return new Failure(
    [...lines, "nothing was done, since all are looked for first"].join("; "),
    { cause: first },
  );
}

/** Refuses a command that names nobody. @throws UsageError */
export function requireWho(
  texts: readonly string[],
  { userId, loginName }: WhoOptions,
): void {
  if (texts.length + userId.length + loginName.length === 0) {
    throw new UsageError(
      "name whom: an id or a login name, --user-id ID or --login-name NAME, or - for standard input",
    );
  }
}

/** What a user or a name is called in messages. */
export function nameOf(who: Who): string {
  return who.kind === "user"
    ? `user ${who.userId}`
    : `login name ${who.loginName}`;
}

/** The field of requests and of JSON that names whom. */
export function idOf(who: Who) {
  return who.kind === "user"
    ? { userId: who.userId }
    : { loginName: who.loginName };
}

interface Text {
  readonly text: string;
  /** Of standard input; undefined for what the command line names. */
  readonly line?: number;
}

/** Reads standard input in the place of `-`. @throws OperationError where a line is too long, or not UTF-8 */
async function readTexts(texts: readonly string[]): Promise<readonly Text[]> {
  const all: Text[] = [];
  for (const text of texts) {
    if (text !== fromInput) {
      all.push({ text });
      continue;
    }
    for await (const { number, text } of readLines(
      process.stdin,
      maxLineBytes,
    )) {
      if (text === undefined) {
        throw onLine(number, "longer than an id or a login name");
      }
      // What was written in another encoding is read with replacements, by which two names become one.
      if (text.includes("\ufffd")) {
        throw onLine(number, "not in UTF-8");
      }
      if (text.trim() !== "") {
        all.push({ text, line: number });
      }
    }
  }
  return all;
}

function onLine(
  line: number,
  what: string,
  options?: ErrorOptions,
): OperationError {
  return new OperationError(`line ${line} of standard input: ${what}`, options);
}

/** Has a failure name the line that led to it. */
async function namingLine(
  line: number | undefined,
  found: Promise<Who>,
): Promise<Who> {
  try {
    return await found;
  } catch (error) {
    // Where nothing can be reached, no line is at fault. Clients wrap what is thrown below them.
    if (line === undefined || isOfNoText(error)) {
      throw error;
    }
    throw onLine(line, describeFailure(error), { cause: error });
  }
}

async function findById(clients: OrgClients, userId: string): Promise<Who> {
  if ((await findUser(clients, userId)) === undefined) {
    throw new OperationError(`no user has the id "${userId}"`);
  }
  return { kind: "user", userId };
}

async function findByName(
  clients: OrgClients,
  loginName: string,
): Promise<Who> {
  const { userId } = await clients.attempts.getLockout(
    { loginName },
    clients.on,
  );
  return userId === "" ? { kind: "name", loginName } : { kind: "user", userId };
}

/** An id comes first; where the text is somebody else's login name, nobody knows who is meant. */
async function findByText(clients: OrgClients, text: string): Promise<Who> {
  const [user, lockout] = await Promise.all([
    findUser(clients, text),
    clients.attempts.getLockout({ loginName: text }, clients.on),
  ]);
  const { userId } = lockout;
  if (user !== undefined && userId !== "" && userId !== text) {
    throw new OperationError(
      `"${text}" is the id of a user and a login name of the user ${userId}: say which by --user-id "${text}" or --login-name "${text}"`,
    );
  }
  if (user !== undefined || userId !== "") {
    return { kind: "user", userId: user?.userId ?? userId };
  }
  if (isUnused(lockout)) {
    throw new OperationError(
      `no user has the id or login name "${text}", and nothing is counted for it`,
    );
  }
  return { kind: "name", loginName: text };
}

/** The user with this id, if there is one. */
export async function findUser(
  { users, on }: OrgClients,
  userId: string,
): Promise<User | undefined> {
  try {
    return await users.getUser({ userId }, on);
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.NotFound) {
      return undefined;
    }
    throw error;
  }
}

function isUnused({ locked, factors }: Lockout): boolean {
  return (
    !locked &&
    factors.every(
      ({ failedAttempts, openAttempts, lastFailureTime }) =>
        failedAttempts === 0 &&
        openAttempts === 0 &&
        lastFailureTime === undefined,
    )
  );
}
