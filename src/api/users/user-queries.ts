import { foldName, formerlyFolded } from "../../lockout/user/alias.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { StoredUser } from "../../store/users.ts";
import { textFits } from "../requests/text-query.ts";
import { stateOf } from "./zitadel-users.ts";

/** A query of a list of users: `SearchQuery` of zitadel.user.v1 and v2. Enums but for the state have the same numbers. */
export interface UserQuery {
  readonly query:
    | {
        readonly case: "userNameQuery";
        readonly value: { readonly userName: string; readonly method: number };
      }
    | {
        readonly case: "loginNameQuery";
        readonly value: { readonly loginName: string; readonly method: number };
      }
    | {
        readonly case: "stateQuery";
        readonly value: { readonly state: number };
      }
    | { readonly case: "typeQuery"; readonly value: { readonly type: number } }
    | {
        readonly case: "inUserIdsQuery";
        readonly value: { readonly userIds: readonly string[] };
      }
    | {
        readonly case: "organizationIdQuery";
        readonly value: { readonly organizationId: string };
      }
    | { readonly case: undefined };
}

/** A user or a service account of a list. */
export interface Listed {
  readonly user: StoredUser;
  readonly isMachine: boolean;
}

/** Which users are meant: those who fit all queries. What is undefined does not narrow them. */
export interface ListedFilter {
  readonly fits: (listed: Listed) => boolean;
  /** Only those with one of these ids. */
  readonly ids: readonly string[] | undefined;
  /** Only those with one of these login names, as folded. */
  readonly folded: readonly string[] | undefined;
  /** Only those of these organisations. */
  readonly orgIds: readonly string[] | undefined;
}

/** How the states of users are numbered. */
export type StateNumbers = Readonly<Record<ReturnType<typeof stateOf>, number>>;

/** @throws LockoutError for a query that is not served */
export function readUserQueries(
  queries: readonly UserQuery[],
  states: StateNumbers,
): ListedFilter {
  const fits = queries.map(({ query }) => readQuery(query, states));
  const found = <Value>(
    read: (query: UserQuery["query"]) => Value | undefined,
  ): Value | undefined =>
    queries
      .map(({ query }) => read(query))
      .find((value) => value !== undefined);
  return {
    fits: (listed) => fits.every((fit) => fit(listed)),
    ids: found((query) =>
      query.case === "inUserIdsQuery"
        ? [...new Set(query.value.userIds)]
        : undefined,
    ),
    folded: found((query) => {
      const name = nameOf(query);
      return name !== undefined && isWhole(name.method)
        ? foldedTexts(name.text)
        : undefined;
    }),
    orgIds: found((query) =>
      query.case === "organizationIdQuery"
        ? [query.value.organizationId]
        : undefined,
    ),
  };
}

/** A login name as it may be stored: as it is folded, and as it was once. None where nothing visible is left. */
export function foldedTexts(name: string): readonly string[] {
  const former = formerlyFolded(name);
  return [foldName(name), ...(former === undefined ? [] : [former])].filter(
    (text) => text !== "",
  );
}

function nameOf(query: UserQuery["query"]) {
  switch (query.case) {
    case "userNameQuery":
      return { text: query.value.userName, method: query.value.method };
    case "loginNameQuery":
      return { text: query.value.loginName, method: query.value.method };
    default:
      return undefined;
  }
}

/** Whether the whole name is compared. */
function isWhole(method: number): boolean {
  return method <= ignoreCase;
}

/** `TEXT_QUERY_METHOD_EQUALS_IGNORE_CASE` */
const ignoreCase = 1;

function readQuery(
  query: UserQuery["query"],
  states: StateNumbers,
): (listed: Listed) => boolean {
  switch (query.case) {
    case "userNameQuery": {
      const fits = nameFits(query.value.userName, query.value.method);
      return ({ user: { aliases } }) => fits(aliases[0] ?? "");
    }
    case "loginNameQuery": {
      const fits = nameFits(query.value.loginName, query.value.method);
      return ({ user }) => user.aliases.some((name) => fits(name));
    }
    case "stateQuery":
      return (listed) => states[stateOf(listed)] === query.value.state;
    case "typeQuery":
      return ({ isMachine }) => query.value.type === (isMachine ? 2 : 1);
    case "inUserIdsQuery": {
      const ids = new Set(query.value.userIds);
      return ({ user }) => ids.has(user.userId);
    }
    case "organizationIdQuery":
      return ({ user }) => user.orgId === query.value.organizationId;
    case undefined:
      throw new LockoutError("listQueryUnknown");
  }
}

/** Two names are the same but for the case where they are one name to who logs in. */
function nameFits(wanted: string, method: number): (name: string) => boolean {
  if (method !== ignoreCase) {
    return textFits(wanted, method);
  }
  const folded = foldName(wanted);
  return (name) => folded !== "" && foldName(name) === folded;
}
