/** What is done to the server and may be the reason of an error. */
export type Disruption = "killed" | "ending" | "locked" | "jumped";

interface Window {
  readonly kind: Disruption;
  readonly from: number;
  until: number;
}

/** When the server was disturbed; tells errors that this explains from those that it does not. */
export class Windows {
  readonly #windows: Window[] = [];

  /** Begins one; returns what ends it. */
  open(kind: Disruption): () => void {
    const window: Window = { kind, from: performance.now(), until: Infinity };
    this.#windows.push(window);
    return () => {
      window.until = performance.now();
    };
  }

  /** Whether one of these was open at some time from then until now. */
  explain(since: number, kinds: readonly Disruption[]): boolean {
    return this.#windows.some(
      ({ kind, until }) => kinds.includes(kind) && until >= since,
    );
  }
}
