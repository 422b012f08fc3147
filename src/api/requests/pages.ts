import type { HandlerContext } from "@connectrpc/connect";
import { getCaller } from "../../auth/caller.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { InTurn, Turn } from "../../pacing/turns.ts";
import type { Page, PageRequest } from "../../store/pages.ts";

/** How many items a page has. */
interface PageSizes {
  /** Unless the request says how many. */
  readonly defaultPageSize: number;
  readonly maxPageSize: number;
}

const usualSizes: PageSizes = { defaultPageSize: 100, maxPageSize: 1000 };

/** The turn of a call that reads a list: callers take turns, and one who leaves no longer waits. */
export function turnOf({ values, signal }: HandlerContext): Turn {
  return { of: getCaller(values).id, signal };
}

/** Reads one page of a list in its turn, as the public API guides have it (AIP-158). @throws LockoutError */
export async function readPage<Item>(
  inTurn: InTurn,
  turn: Turn,
  request: { readonly pageSize: number; readonly pageToken: string },
  read: (page: PageRequest) => Promise<Page<Item>>,
  { defaultPageSize, maxPageSize }: PageSizes = usualSizes,
): Promise<Page<Item>> {
  const { pageSize, pageToken } = request;
  if (pageSize < 0) {
    throw new LockoutError("pageInvalid");
  }
  try {
    return await inTurn(
      () =>
        read({
          size:
            pageSize === 0 ? defaultPageSize : Math.min(pageSize, maxPageSize),
          after: pageToken === "" ? undefined : pageToken,
        }),
      turn,
    );
  } catch (error) {
    if (!(error instanceof RangeError)) {
      throw error;
    }
    throw new LockoutError("pageInvalid", { cause: error });
  }
}
