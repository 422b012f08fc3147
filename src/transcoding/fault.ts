import { Code } from "@connectrpc/connect";
import { cut } from "./cut.ts";

/** One thing that is wrong with a request, and where: a path of field names as the client wrote them. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** An error response of the transcoder itself, before or instead of the handler. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly status: number;
  readonly code: Code;
  readonly violation: FieldViolation | undefined;
  readonly header: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: Code,
    message: string,
    extra: {
      readonly violation?: FieldViolation;
      readonly header?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.violation = extra.violation;
    this.header = extra.header ?? {};
  }
}

/** 400 for a request, without a field at fault. */
export function badRequest(message: string): Fault {
  return new Fault(400, Code.InvalidArgument, cut(message));
}

/** 400 for one field of a request, with a google.rpc.BadRequest detail; an empty path is the body itself. */
export function badField(field: string, description: string): Fault {
  if (field === "") {
    return badRequest(`the body ${description}`);
  }
  const violation = {
    field: cut(field),
    description: cut(description),
  };
  return new Fault(
    400,
    Code.InvalidArgument,
    `the field ${violation.field} ${violation.description}`,
    { violation },
  );
}

/** 406 where Accept excludes every media type that the response could have. */
export function notAcceptable(offers: readonly string[]): Fault {
  return new Fault(
    406,
    Code.InvalidArgument,
    `the response can only be ${offers.join(" or ")}`,
  );
}

/** 413 for a message over the limit. */
export function bodyTooLarge(readMaxBytes: number): Fault {
  return new Fault(
    413,
    Code.ResourceExhausted,
    `the body is larger than ${readMaxBytes} bytes`,
  );
}
