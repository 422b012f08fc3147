import { ConnectError } from "@connectrpc/connect";
import { ErrorDetailSchema } from "../../../gen/zitadel/message_pb.js";
import { errorCatalogue, LockoutError } from "../../lockout/errors/errors.ts";
import type { ErrorEntry } from "../../lockout/errors/error-entry.ts";
import { DatabaseUrlError } from "../../store/store.ts";

/** The command was written wrongly: the message says what to do. Ends with exit code 2. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UsageError";
  }
}

/** The command could not be done: the message says why. Ends with exit code 1. */
export class OperationError extends Error {
  /** What was done all the same, to be printed after the message. */
  readonly output: string;

  constructor(
    message: string,
    {
      output = "",
      ...options
    }: ErrorOptions & { readonly output?: string } = {},
  ) {
    super(message, options);
    this.name = "OperationError";
    this.output = output;
  }
}

/** There was nothing to change, and the exit code is to tell it. Ends with exit code 3. */
export class UnchangedExit extends Error {
  override readonly name = "UnchangedExit";
}

/** What is thrown where a response of a server lacks a field. */
export function incompleteResponse(): OperationError {
  return new OperationError(
    "the server's response lacks a field: check that the address is lockoutd's, and that its version is this one's",
  );
}

/** The exit code for a failure: 2 where the command was written wrongly, else 1. */
export function exitCodeOf(error: unknown): 1 | 2 {
  return error instanceof UsageError || error instanceof DatabaseUrlError
    ? 2
    : 1;
}

/** One line that says what went wrong, never a stack. */
export function describeFailure(error: unknown): string {
  if (error instanceof LockoutError) {
    return describeRefusal(error.message, error.entry);
  }
  if (error instanceof ConnectError) {
    const [detail] = error.findDetails(ErrorDetailSchema);
    const entry = Object.values(errorCatalogue).find(
      ({ id }) => id !== "" && id === detail?.id,
    );
    return describeRefusal(oneLine(error.rawMessage), entry);
  }
  return oneLine(error instanceof Error ? error.message : String(error));
}

/** What shows which there are, of what a refusal says that there is none. */
const lists: ReadonlyMap<ErrorEntry | undefined, string> = new Map([
  [errorCatalogue.accountUnknown, "service-account list"],
  [errorCatalogue.deliveryUnknown, "hook deliveries HOOK"],
  [errorCatalogue.hookUnknown, "hook list"],
  [errorCatalogue.keyUnknown, "service-account key list ACCOUNT"],
  [errorCatalogue.organizationUnknown, "org list"],
  [errorCatalogue.orgUnknown, "org list"],
  [errorCatalogue.policyChangeUnknown, "policy history"],
  [errorCatalogue.tokenOrgUnknown, "org list"],
  [errorCatalogue.tokenUnknown, "token list"],
]);

/** A key is for ZITADEL's clients to translate: people are told what it means. A text speaks for itself. */
function describeRefusal(
  message: string,
  entry: ErrorEntry | undefined,
): string {
  const list = lists.get(entry);
  return [
    message,
    ...(entry?.key.startsWith("Errors.") === true ? [entry.when] : []),
    ...(list === undefined ? [] : [`"lockoutd ${list}" shows which there are`]),
  ].join(": ");
}

/** The text without line breaks. */
export function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, " ");
}
