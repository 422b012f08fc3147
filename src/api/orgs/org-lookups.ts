import type { HandlerContext } from "@connectrpc/connect";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { getCaller } from "../../auth/caller.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { InTurn } from "../../pacing/turns.ts";
import type { Org, OrgStore } from "../../store/access.ts";
import type { EventStore } from "../../store/events.ts";
import type { Store } from "../../store/store.ts";
import { changedDetails, createdDetails } from "../messages/details.ts";
import { detailsOfEnds } from "../messages/ends.ts";
import { readPart, showEach, windowOf } from "../requests/list-window.ts";
import type { ListQuery } from "../requests/list-window.ts";
import { primaryDomain } from "./org-domain.ts";
import { activeOrg, readOrgQueries } from "./org-queries.ts";
import type { OrgQuery } from "./org-queries.ts";
import { turnOf } from "../requests/pages.ts";
import { visibleOrgs } from "./visible-orgs.ts";

/** What is said of this installation. */
export interface About {
  /** Of this program. */
  readonly version: string;
  /** The host that clients reach it by, without its port: known once the server listens. */
  readonly domain: () => string;
}

/** What the look-ups read. */
export type OrgLookupStore = OrgStore &
  Pick<EventStore, "findEventEnds"> &
  Pick<Store, "now" | "findInstance">;

/** A request for a list of organisations, of v1 or v2. */
interface OrgListRequest {
  readonly query?: ListQuery | undefined;
  /** 0 or 1: unsorted, or by name. */
  readonly sortingColumn: number;
  readonly queries: readonly OrgQuery[];
}

/** How organisations are found, shown, created, renamed and removed, for the services that do so. */
export function createOrgLookups(
  store: OrgLookupStore,
  inTurn: InTurn,
  { domain }: Pick<About, "domain">,
) {
  /** As v1 and v2 show one: the fields and numbers are the same. */
  const show = async (org: Org) => ({
    id: org.id,
    details: detailsOfEnds(await store.findEventEnds("org", org.id)),
    state: activeOrg,
    name: org.name,
    primaryDomain: primaryDomain(org.name, domain()),
  });
  const findInstance = async () => {
    const instance = await store.findInstance();
    if (instance === undefined) {
      throw new Error("there is no instance, though somebody could call");
    }
    return instance;
  };
  return {
    show,
    findInstance,

    /** Shows what was found. @throws LockoutError where nothing was */
    showFound: async (org: Org | undefined) => {
      if (org === undefined) {
        throw new LockoutError("organizationUnknown");
      }
      return show(org);
    },

    /**
     * The one with a primary domain. Which it is of several is not chosen: an owner could give an organisation the name of another one, and be taken
     * for it.
     *
     * @throws LockoutError where the caller has a role in none, or in several
     */
    findByDomain: async (wanted: string, context: HandlerContext) => {
      const caller = getCaller(context.values);
      const lower = wanted.toLowerCase();
      const window = { offset: 0, limit: 1, ascending: true };
      const { items, total } = await inTurn(
        () =>
          readPart(visibleOrgs(store, caller, undefined), window, {
            fits: ({ name }) =>
              lower !== "" && primaryDomain(name, domain()) === lower,
            signal: context.signal,
          }),
        turnOf(context),
      );
      const [org] = items;
      if (org === undefined) {
        throw new LockoutError("organizationUnknown");
      }
      if (total > 1) {
        throw new LockoutError("domainAmbiguous");
      }
      return show(org);
    },

    list: async (request: OrgListRequest, context: HandlerContext) => {
      const caller = getCaller(context.values);
      const window = windowOf(request.query);
      const { firstOrgId } = await findInstance();
      const { ids, fits } = readOrgQueries(
        ...([request.queries, firstOrgId, domain()] as const),
      );
      const isSorted = request.sortingColumn === 1;
      return inTurn(async () => {
        const { total, items } = await readPart(
          visibleOrgs(store, caller, ids),
          window,
          {
            fits,
            sortedBy: isSorted ? ({ name }) => name : undefined,
            signal: context.signal,
          },
        );
        const result = await showEach(items, context.signal, show);
        return {
          total: BigInt(total),
          time: timestampFromMs(store.now()),
          sortingColumn: isSorted ? (1 as const) : (0 as const),
          result,
        };
      }, turnOf(context));
    },

    /** Creates an organisation. @throws LockoutError */
    create: async (name: string, context: HandlerContext) => {
      const org = await createOrg(store, name, getCaller(context.values).id);
      const { first } = await store.findEventEnds("org", org.id);
      if (first === undefined) {
        throw new Error("an organisation without its event");
      }
      return { id: org.id, details: createdDetails(first) };
    },

    /** Gives the organisation of the call another name. @throws LockoutError */
    rename: async (name: string, context: HandlerContext) => {
      const { id, orgId } = getCaller(context.values);
      requireName(name);
      const event = await store.renameOrg(orgId, name, id);
      if (event === undefined) {
        throw new LockoutError("organizationUnknown");
      }
      return { details: changedDetails(event) };
    },

    /** Removes an organisation with all that is in it. @throws LockoutError */
    remove: async (orgId: string, context: HandlerContext) => {
      const editor = getCaller(context.values).id;
      const removed = await store.removeOrg(orgId, editor);
      if (removed === undefined) {
        throw new LockoutError("organizationUnknown");
      }
      return changedDetails(removed);
    },
  };
}

/** What {@link createOrgLookups} makes. */
export type OrgLookups = ReturnType<typeof createOrgLookups>;

/** Creates an organisation. @throws LockoutError where the name is none */
export async function createOrg(
  store: Pick<OrgStore, "createOrg">,
  name: string,
  editor: string,
): Promise<Org> {
  requireName(name);
  return store.createOrg(name, editor);
}

/** @throws LockoutError where the name is empty or blank */
function requireName(name: string): void {
  if (name.trim() === "") {
    throw new LockoutError("orgNameInvalid");
  }
}
