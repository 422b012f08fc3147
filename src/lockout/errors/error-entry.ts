/** The gRPC status codes that the catalogue uses, by their published names. */
export type ErrorCode =
  | "ABORTED"
  | "ALREADY_EXISTS"
  | "FAILED_PRECONDITION"
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "UNAUTHENTICATED"
  | "UNAVAILABLE";

/** One entry of the catalogue. */
export interface ErrorEntry {
  /** Unique, as ZITADEL publishes it. Empty where ZITADEL sends none: then no detail is sent either. */
  readonly id: string;
  readonly code: ErrorCode;
  /** ZITADEL's message key, sent raw as ZITADEL does, or a text. */
  readonly key: string;
  /** When it happens, for the page of errors. */
  readonly when: string;
  /** The HTTP status where it is not that of the code. */
  readonly httpStatus?: number;
}
