/** How much of a body is read. */
export interface BodyLimit {
  readonly maxBytes: number;
  /** Makes the error of a longer one. */
  readonly tooLong: () => Error;
  /** Checks the beginning of a body once so many bytes have arrived; an error that it throws ends the reading. */
  readonly start?: {
    readonly bytes: number;
    readonly check: (start: Uint8Array) => void;
  };
}

/** Receives a complete body, or an error: exactly one of its methods is called, once. */
export interface BodyCollector {
  complete(body: Uint8Array): void;
  failed(reason: unknown): void;
}
