import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";

/** The versions of Node that were checked: they use no more of the table than {@link StreamTable} has. */
const knownMajors = { first: 22, last: 26 };

/** What a session keeps under its symbol `state`. */
interface SessionState {
  streams?: Pick<StreamTable, "size">;
}

/**
 * The open streams of an HTTP/2 session by their ids, in place of the Map that Node has for them. A Map with many
 * insertions and deletions moves into a new table now and then, and the old table points to the new one. Once one of them is in V8's old
 * generation, it keeps all later ones alive, with every stream that was open at a move, until the next full collection.
 */
export class StreamTable<Stream extends object = ServerHttp2Stream> {
  /** Streams and their ids, at the same places; each from where its id says, or at the next place that was free. */
  #streams: (Stream | undefined)[] = new Array<undefined>(64).fill(undefined);
  #ids: number[] = new Array<number>(64).fill(0);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): Stream | undefined {
    return this.#streams[this.#find(id)];
  }

  set(id: number, stream: Stream): this {
    let place = this.#find(id);
    if (this.#streams[place] === undefined) {
      this.#size += 1;
      if (this.#size * 2 > this.#ids.length) {
        this.#grow();
        place = this.#find(id);
      }
    }
    this.#ids[place] = id;
    this.#streams[place] = stream;
    return this;
  }

  delete(id: number): boolean {
    let free = this.#find(id);
    if (this.#streams[free] === undefined) {
      return false;
    }
    this.#size -= 1;
    const mask = this.#ids.length - 1;
    // Later entries of the probe sequence move up, unless they would come before their own place.
    for (
      let place = (free + 1) & mask;
      this.#streams[place] !== undefined;
      place = (place + 1) & mask
    ) {
      const other = this.#ids[place] ?? 0;
      const fromHome = (place - (other >>> 1)) & mask;
      if (fromHome < ((place - free) & mask)) {
        continue;
      }
      this.#ids[free] = other;
      this.#streams[free] = this.#streams[place];
      free = place;
    }
    this.#streams[free] = undefined;
    return true;
  }

  forEach(call: (stream: Stream) => void): void {
    const ids = [...this.#ids];
    for (const [place, stream] of [...this.#streams].entries()) {
      if (stream !== undefined && this.get(ids[place] ?? 0) === stream) {
        call(stream);
      }
    }
  }

  /** The place of an id, or the free one where it would be. Clients' ids are odd. */
  #find(id: number): number {
    const mask = this.#ids.length - 1;
    let place = (id >>> 1) & mask;
    while (this.#streams[place] !== undefined && this.#ids[place] !== id) {
      place = (place + 1) & mask;
    }
    return place;
  }

  #grow(): void {
    const ids = this.#ids;
    const streams = this.#streams;
    this.#ids = new Array<number>(ids.length * 2).fill(0);
    this.#streams = new Array<undefined>(ids.length * 2).fill(undefined);
    for (let i = 0; i < ids.length; i += 1) {
      const stream = streams[i];
      if (stream === undefined) {
        continue;
      }
      const place = this.#find(ids[i] ?? 0);
      this.#ids[place] = ids[i] ?? 0;
      this.#streams[place] = stream;
    }
  }
}

/**
 * Gives a new session a {@link StreamTable}.
 *
 * @returns undefined where the session keeps its Map: Node is of a version that is not known
 */
export function replaceStreamTable(
  session: ServerHttp2Session,
): StreamTable | undefined {
  const major = Number.parseInt(process.versions.node, 10);
  if (major < knownMajors.first || major > knownMajors.last) {
    return undefined;
  }
  const key = Object.getOwnPropertySymbols(session).find(
    ({ description }) => description === "state",
  );
  if (key === undefined) {
    return undefined;
  }
  const state = (session as unknown as Record<symbol, SessionState>)[key];
  if (state?.streams?.size !== 0) {
    return undefined;
  }
  const table = new StreamTable();
  state.streams = table;
  return table;
}
