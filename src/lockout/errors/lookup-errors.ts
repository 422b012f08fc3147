import type { ErrorEntry } from "./error-entry.ts";

/** Refusals of look-ups and lists: a part of the catalogue in `errors.ts`. */
export const lookupErrors = {
  organizationUnknown: {
    id: "LOCKOUTD-org02",
    code: "NOT_FOUND",
    key: "Errors.Org.NotFound",
    when: "GetOrgByID, GetOrgByDomainGlobal or RemoveOrg names an organisation that does not exist, or in which the caller has no role.",
  },
  firstOrganizationStays: {
    id: "LOCKOUTD-org05",
    code: "FAILED_PRECONDITION",
    key: "the first organization cannot be removed",
    when: "RemoveOrg names the organisation that the first start created.",
  },
  organizationByNameOnly: {
    id: "LOCKOUTD-org03",
    code: "INVALID_ARGUMENT",
    key: "an organisation is created by its name alone: without admins, a person, roles, a domain and an id",
    when: "SetUpOrg or AddOrganization asks for more than an organisation.",
  },
  organizationNotChanged: {
    id: "LOCKOUTD-org06",
    code: "FAILED_PRECONDITION",
    key: "no changes: the organisation has this name",
    when: "UpdateOrg is called with the name that the organisation has.",
  },
  instanceUnknown: {
    id: "LOCKOUTD-org04",
    code: "NOT_FOUND",
    key: "Errors.Instance.NotFound",
    when: "GetInstance names another instance than the only one there is.",
  },
  listLimitTooLarge: {
    id: "LOCKOUTD-qry01",
    code: "INVALID_ARGUMENT",
    key: "query.limit is at most 1000",
    when: "A list of ZITADEL's API is asked for with a larger limit.",
  },
  listOffsetTooLarge: {
    id: "LOCKOUTD-qry02",
    code: "INVALID_ARGUMENT",
    key: "a sorted list is read up to its 10000th entry: leave sorting_column out, or ask for fewer by queries",
    when: "A list of ZITADEL's API is asked for with a sorting column, and an offset beyond.",
  },
  listTooLong: {
    id: "LOCKOUTD-qry04",
    code: "INVALID_ARGUMENT",
    key: "the login names of this part of the list are too long for one response: ask for fewer users by query.limit",
    when: "ListUsers is asked for so many users with so long login names that these alone have 4 million characters.",
  },
  loginNameAmbiguous: {
    id: "LOCKOUTD-qry05",
    code: "FAILED_PRECONDITION",
    key: "several users whom the caller may see have this login name",
    when: "GetUserByLoginNameGlobal asks for a login name that users of several organisations have.",
  },
  domainAmbiguous: {
    id: "LOCKOUTD-qry06",
    code: "FAILED_PRECONDITION",
    key: "several organisations that the caller may see have this domain",
    when: "GetOrgByDomainGlobal asks for a domain that several organisations have, since their names read alike.",
  },
  listQueryUnknown: {
    id: "LOCKOUTD-qry03",
    code: "INVALID_ARGUMENT",
    key: "a query of the list is empty, or of a kind that is not served here",
    when: "A list of ZITADEL's API is asked for with a query of another kind than the reference of the API names.",
  },
} as const satisfies Record<string, ErrorEntry>;
