/** What a client writes to a connection, and how it goes. */
export interface PortInput {
  /** Written one after the other, each in a turn of its own. */
  readonly chunks: readonly Buffer[];
  /** After the last chunk: FIN, a reset, or patience for a while. */
  readonly end: PortEnd;
}

export const portEnds = ["fin", "reset", "wait"] as const;

export type PortEnd = (typeof portEnds)[number];

/** An input as it is kept in the corpus: text where it can be read, else base64. */
interface KeptInput {
  readonly end: PortEnd;
  readonly chunks: readonly ({ text: string } | { base64: string })[];
}

export function writeInput({ chunks, end }: PortInput): string {
  const kept: KeptInput = {
    end,
    chunks: chunks.map((chunk) =>
      /^[\t\r\n\x20-\x7e]*$/.test(chunk.toString("latin1"))
        ? { text: chunk.toString("latin1") }
        : { base64: chunk.toString("base64") },
    ),
  };
  return `${JSON.stringify(kept, undefined, 2)}\n`;
}

export function readInput(json: string): PortInput {
  const { chunks, end } = JSON.parse(json) as KeptInput;
  return {
    end,
    chunks: chunks.map((chunk) =>
      "text" in chunk
        ? Buffer.from(chunk.text, "latin1")
        : Buffer.from(chunk.base64, "base64"),
    ),
  };
}
