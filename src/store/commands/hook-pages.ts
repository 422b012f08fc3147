import { fromPageToken } from "../page-token.ts";
import { jsonBytes, readPage } from "./pages.ts";
import type { CreatedAfter } from "./access-pages.ts";
import type { ReadSlice } from "./pages.ts";
import type { DeliveryRecord, HookRecord } from "../hooks.ts";
import type { Page, PageRequest } from "../pages.ts";

/** JSON of a hook or a delivery but for its texts, at most: ids and times. */
const itemBytes = 900;

/** Behind what a slice begins that has the newest first. */
export interface BeforeId {
  readonly id: string;
}

/** Reads a page of hooks. @throws RangeError where the token is not of such a page */
export async function readHookPage(
  page: PageRequest,
  read: ReadSlice<HookRecord, CreatedAfter>,
): Promise<Page<HookRecord>> {
  return readPage(page, createdAfter(page), read, {
    isFiltered: false,
    placeOf: ({ creationDate, id }) => ({ creationDate, id }),
    endAt: ({ creationDate, id }) => ["hooks", creationDate, id],
    bytesOf: ({ url, eventTypes }) =>
      itemBytes + jsonBytes(url) + eventTypes.join("   ").length,
  });
}

/** Reads a page of deliveries. @throws RangeError where the token is not of such a page */
export async function readDeliveryPage(
  page: PageRequest,
  read: ReadSlice<DeliveryRecord, BeforeId>,
): Promise<Page<DeliveryRecord>> {
  return readPage(page, beforeId(page), read, {
    isFiltered: false,
    placeOf: ({ id }) => ({ id }),
    endAt: ({ id }) => ["deliveries", id],
    bytesOf: ({ response, error }) =>
      itemBytes + jsonBytes(response) + jsonBytes(error),
  });
}

function createdAfter({ after }: PageRequest): CreatedAfter | undefined {
  if (after === undefined) {
    return undefined;
  }
  const [, creationDate, id] = fromPageToken(after, "hooks");
  if (typeof creationDate !== "number" || typeof id !== "string") {
    throw new RangeError("not a page of hooks");
  }
  return { creationDate, id };
}

function beforeId({ after }: PageRequest): BeforeId | undefined {
  if (after === undefined) {
    return undefined;
  }
  const [, id] = fromPageToken(after, "deliveries");
  if (typeof id !== "string") {
    throw new RangeError("not a page of deliveries");
  }
  return { id };
}
