import { fromPageToken } from "../page-token.ts";
import { jsonBytes, readPage } from "./pages.ts";
import type { ReadSlice } from "./pages.ts";
import type { Account } from "../../lockout/account/account-record.ts";
import type { ListedToken, Org } from "../access.ts";
import type { Page, PageRequest } from "../pages.ts";

/** Behind what a slice of a list begins that has the oldest first. */
export interface CreatedAfter {
  readonly creationDate: number;
  readonly id: string;
}

/** JSON of an organisation, a token or an account but for its names, at most: ids, times and roles. */
const itemBytes = 900;

/** Reads a page of organisations. @throws RangeError where the token is not of such a page */
export async function readOrgPage(
  page: PageRequest,
  read: ReadSlice<Org, CreatedAfter>,
): Promise<Page<Org>> {
  return readPage(page, createdAfter("orgs", page), read, {
    ...byCreation("orgs"),
    bytesOf: ({ name }) => itemBytes + jsonBytes(name),
  });
}

/** Reads a page of tokens. @throws RangeError where the token is not of such a page */
export async function readTokenPage(
  page: PageRequest,
  read: ReadSlice<ListedToken, CreatedAfter>,
): Promise<Page<ListedToken>> {
  return readPage(page, createdAfter("tokens", page), read, {
    ...byCreation("tokens"),
    bytesOf: ({ name, orgName }) =>
      itemBytes + jsonBytes(name) + jsonBytes(orgName),
  });
}

/** Reads a page of service accounts. @throws RangeError where the token is not of such a page */
export async function readAccountPage(
  page: PageRequest,
  read: ReadSlice<Account, CreatedAfter>,
): Promise<Page<Account>> {
  return readPage(page, createdAfter("accounts", page), read, {
    ...byCreation("accounts"),
    bytesOf: ({ name, loginName }) =>
      itemBytes + jsonBytes(name) + jsonBytes(loginName),
  });
}

function byCreation(list: string) {
  return {
    isFiltered: false,
    placeOf: ({ creationDate, id }: CreatedAfter) => ({ creationDate, id }),
    endAt: ({ creationDate, id }: CreatedAfter) => [list, creationDate, id],
  };
}

function createdAfter(
  list: string,
  { after }: PageRequest,
): CreatedAfter | undefined {
  if (after === undefined) {
    return undefined;
  }
  const [, creationDate, id] = fromPageToken(after, list);
  if (typeof creationDate !== "number" || typeof id !== "string") {
    throw new RangeError(`not a page of ${list}`);
  }
  return { creationDate, id };
}
