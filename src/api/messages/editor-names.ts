import { LongWork } from "../../pacing/long-work.ts";
import type { TokenStore } from "../../store/access.ts";
import { mayBeAccountId } from "../../store/accounts.ts";
import type { RecordedEvent } from "../../store/events.ts";

/** How many names are kept: a token's name never changes. Login names of service accounts do, and are looked up each time. */
const mostKept = 1000;

/** Finds the names of the tokens by which events were made. */
export class EditorNames {
  readonly #store: Pick<TokenStore, "tokenName">;
  readonly #names = new Map<string, string | undefined>();

  constructor(store: Pick<TokenStore, "tokenName">) {
    this.#store = store;
  }

  /** The names by the editors' ids; those that are no tokens have none. */
  async of(
    events: readonly RecordedEvent[],
  ): Promise<ReadonlyMap<string, string | undefined>> {
    const found = new Map<string, string | undefined>();
    const work = new LongWork();
    for (const { editor } of events) {
      if (found.has(editor)) {
        continue;
      }
      if (this.#names.has(editor)) {
        found.set(editor, this.#names.get(editor));
        continue;
      }
      const name = await this.#store.tokenName(editor);
      found.set(editor, name);
      if (!mayBeAccountId(editor)) {
        this.#keep(editor, name);
      }
      await work.pause();
    }
    return found;
  }

  #keep(editor: string, name: string | undefined): void {
    const [oldest] = this.#names.keys();
    if (this.#names.size >= mostKept && oldest !== undefined) {
      this.#names.delete(oldest);
    }
    this.#names.set(editor, name);
  }
}
