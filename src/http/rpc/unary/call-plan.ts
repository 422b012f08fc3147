import type {
  UniversalHandlerOptions,
  UniversalServerResponse,
} from "@connectrpc/connect/protocol";
import type { BodyTimeouts } from "../../connection/exchange/body.ts";
import type { RequestHead } from "../../request/head.ts";
import type { RunningRequest } from "../../request/running-request.ts";
import type { Stopwatch } from "../gate-renewal.ts";
import type { MapError } from "../mapped-errors.ts";
import type { UnaryForm } from "./form.ts";
import type { Invoke } from "./invoke.ts";

/** Sends responses for which a unary call has no short way. */
export interface Respond {
  /** Sends the response that is made; a fault in making it is an internal error. */
  send(
    running: RunningRequest,
    head: RequestHead,
    make: () => UniversalServerResponse | Promise<UniversalServerResponse>,
  ): void;
  onFault(fault: unknown): void;
}

/** What is the same for all calls of one method in one form. */
export interface CallPlan {
  readonly form: UnaryForm;
  /** `package.Service/Method`, for the log. */
  readonly name: string;
  /** How long the body is awaited. */
  readonly bodyTimeouts: BodyTimeouts;
  readonly stopwatch: Stopwatch;
  readonly invoke: Invoke;
  /** For what the gate and the method throw. */
  readonly mapError: MapError;
  readonly options: UniversalHandlerOptions;
  readonly respond: Respond;
}
