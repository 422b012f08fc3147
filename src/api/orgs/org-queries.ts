import { LockoutError } from "../../lockout/errors/errors.ts";
import type { Org } from "../../store/access.ts";
import { primaryDomain } from "./org-domain.ts";
import { textFits } from "../requests/text-query.ts";

/** The state of every organisation: `OrgState` and `OrganizationState` have the same numbers. */
export const activeOrg = 1;

interface TextQuery {
  readonly method: number;
}

/** A query of a list of organisations: `zitadel.org.v1.OrgQuery`, and `SearchQuery` of v2. Enums have the same numbers. */
export interface OrgQuery {
  readonly query:
    | {
        readonly case: "nameQuery";
        readonly value: TextQuery & { readonly name: string };
      }
    | {
        readonly case: "domainQuery";
        readonly value: TextQuery & { readonly domain: string };
      }
    | {
        readonly case: "stateQuery";
        readonly value: { readonly state: number };
      }
    | { readonly case: "idQuery"; readonly value: { readonly id: string } }
    | { readonly case: "defaultQuery" }
    | { readonly case: undefined };
}

/** Which organisations are meant: those that fit all queries. */
export interface OrgFilter {
  /** Only these, or none of others; undefined for any. */
  readonly ids: readonly string[] | undefined;
  readonly fits: (org: Org) => boolean;
}

/** @param host of this installation @throws LockoutError for a query that is not served */
export function readOrgQueries(
  queries: readonly OrgQuery[],
  firstOrgId: string,
  host: string,
): OrgFilter {
  const ids = queries.flatMap(({ query }) => {
    switch (query.case) {
      case "idQuery":
        return [query.value.id];
      case "defaultQuery":
        return [firstOrgId];
      default:
        return [];
    }
  });
  const [id] = ids;
  const fits = queries.map((query) => readQuery(query, host));
  return {
    ids:
      id === undefined ? undefined : ids.every((one) => one === id) ? [id] : [],
    fits: (org) => fits.every((fit) => fit(org)),
  };
}

function readQuery({ query }: OrgQuery, host: string): (org: Org) => boolean {
  switch (query.case) {
    case "nameQuery": {
      const fits = textFits(query.value.name, query.value.method);
      return ({ name }) => fits(name);
    }
    case "domainQuery": {
      const fits = textFits(query.value.domain, query.value.method);
      return ({ name }) => fits(primaryDomain(name, host));
    }
    case "stateQuery": {
      // All are active.
      const isMeant = query.value.state === activeOrg;
      return () => isMeant;
    }
    case "idQuery":
    case "defaultQuery":
      return () => true;
    case undefined:
      throw new LockoutError("listQueryUnknown");
  }
}
