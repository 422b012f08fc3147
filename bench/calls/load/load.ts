/** Makes the load of one call on one contestant, again and again. */
export interface Load {
  /** Makes the load for so long, a whole number of seconds. Rejects where an answer is not the one that is wanted. */
  run(seconds: number): Promise<LoadResult>;
  stop(): Promise<void>;
}

export interface LoadResult {
  /** Requests that were answered. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Where the load goes. */
export interface Target {
  readonly port: number;
  readonly token: string;
}
