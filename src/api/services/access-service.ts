import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type {
  AccessService,
  OrganizationSchema,
  TokenSchema,
} from "../../../gen/lockout/v1/access_service_pb.js";
import { getCaller, permissionsIn } from "../../auth/caller.ts";
import { isRole } from "../../auth/roles.ts";
import { hashSecret, newSecret } from "../../auth/tokens.ts";
import { LockoutError } from "../../lockout/errors/errors.ts";
import type { InTurn } from "../../pacing/turns.ts";
import type {
  ListedToken,
  Org,
  OrgStore,
  TokenStore,
} from "../../store/access.ts";
import type { AccountStore } from "../../store/accounts.ts";
import type { Store } from "../../store/store.ts";
import type { AccountCommands } from "../accounts/account-commands.ts";
import { createAccountMethods } from "./account-methods.ts";
import { makeToken } from "../accounts/new-token.ts";
import { createOrg } from "../orgs/org-lookups.ts";
import { readPage, turnOf } from "../requests/pages.ts";

const dayMs = 86_400_000;

/** How long a secret that is replaced is good, unless the call says how long. */
const usualOverlapMs = dayMs;
const longestOverlapMs = 365 * dayMs;

/** lockout.v1.AccessService: organisations and tokens. */
export function createAccessService(
  store: OrgStore & TokenStore & AccountStore & Pick<Store, "now" | "newId">,
  accounts: AccountCommands,
  inTurn: InTurn,
): ServiceImpl<typeof AccessService> {
  return {
    ...createAccountMethods(store, accounts, inTurn),

    async createOrganization({ name }, context) {
      return organization(
        await createOrg(store, name, getCaller(context.values).id),
      );
    },

    async listOrganizations(request, context) {
      const page = await readPage(inTurn, turnOf(context), request, (asked) =>
        store.listOrgs(asked),
      );
      return {
        organizations: page.items.map(organization),
        nextPageToken: page.next ?? "",
      };
    },

    async createToken(request, context) {
      if (request.roles.length === 0 || !request.roles.every(isRole)) {
        throw new LockoutError("roleUnknown");
      }
      const { secret, stored } = makeToken(request.expireTime, store.now());
      const { id: editor, homeOrgId } = getCaller(context.values);
      const orgId =
        request.organizationId === "" ? homeOrgId : request.organizationId;
      const org = await store.findOrg(orgId);
      if (org === undefined) {
        throw new LockoutError("tokenOrgUnknown");
      }
      const { name, roles } = request;
      const record = await store.createToken(
        { ...stored, name, orgId, roles: [...new Set(roles)] },
        editor,
      );
      const never = {
        oldSecretExpirationDate: undefined,
        revokeDate: undefined,
      };
      return {
        token: token({ ...record, ...never, orgName: org.name }),
        secret,
      };
    },

    async listTokens(request, context) {
      const page = await readPage(inTurn, turnOf(context), request, (asked) =>
        store.listTokens(request.showRevoked, asked),
      );
      return {
        tokens: page.items.map(token),
        nextPageToken: page.next ?? "",
      };
    },

    async getCaller(_request, context) {
      const caller = getCaller(context.values);
      const { id, name, homeOrgId, orgId, expirationDate } = caller;
      const roles = new Set([
        ...caller.roles,
        ...[...(caller.rolesByOrg?.values() ?? [])].flat(),
      ]);
      const org = await store.findOrg(homeOrgId);
      return {
        ...{ id, name, roles: [...roles] },
        organizationId: homeOrgId,
        organizationName: org?.name ?? "",
        permissions: [...permissionsIn(caller, orgId)],
        ...timesOf({ expireTime: expirationDate }),
      };
    },

    async rotateToken({ tokenId, overlap }, context) {
      const overlapMs =
        overlap === undefined ? usualOverlapMs : durationMs(overlap);
      if (!(overlapMs >= 0 && overlapMs <= longestOverlapMs)) {
        throw new LockoutError("tokenOverlapInvalid");
      }
      const secret = newSecret();
      const now = store.now();
      const rotated = await store.rotateToken(
        tokenId,
        {
          hash: hashSecret(secret),
          oldExpirationDate: now + Math.floor(overlapMs),
        },
        getCaller(context.values).id,
        ({ expirationDate }) => {
          if (expirationDate !== undefined && expirationDate <= now) {
            throw new LockoutError("tokenExpired");
          }
        },
      );
      if (rotated === undefined) {
        throw new LockoutError("tokenUnknown");
      }
      return { token: token(rotated), secret };
    },

    async revokeToken({ tokenId }, context) {
      const { id } = getCaller(context.values);
      if ((await store.revokeToken(tokenId, id)) === undefined) {
        throw new LockoutError("tokenUnknown");
      }
      return {};
    },
  };
}

function organization(org: Org): MessageInitShape<typeof OrganizationSchema> {
  return {
    organizationId: org.id,
    name: org.name,
    createTime: timestampFromMs(org.creationDate),
  };
}

function token(record: ListedToken): MessageInitShape<typeof TokenSchema> {
  return {
    tokenId: record.id,
    name: record.name,
    organizationId: record.orgId,
    roles: [...record.roles],
    createTime: timestampFromMs(record.creationDate),
    organizationName: record.orgName,
    userId: record.accountId ?? "",
    ...timesOf({
      expireTime: record.expirationDate,
      lastUseTime: record.lastUseDate,
      oldSecretExpireTime: record.oldSecretExpirationDate,
      revokeTime: record.revokeDate,
    }),
  };
}

/** Times as a message has them, without those that are undefined. */
function timesOf<Name extends string>(
  times: Readonly<Record<Name, number | undefined>>,
): Partial<Record<Name, Timestamp>> {
  const known = Object.entries<number | undefined>(times).flatMap(
    ([name, time]) =>
      time === undefined ? [] : [[name, timestampFromMs(time)] as const],
  );
  return Object.fromEntries(known) as Partial<Record<Name, Timestamp>>;
}
