import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type {
  AccessService,
  OrganizationSchema,
  TokenSchema,
} from "../../gen/lockout/v1/access_service_pb.js";
import { getCaller } from "../auth/caller.ts";
import { isRole } from "../auth/roles.ts";
import { hashSecret, newSecret } from "../auth/tokens.ts";
import { LockoutError } from "../lockout/errors.ts";
import type {
  Org,
  OrgStore,
  TokenRecord,
  TokenStore,
} from "../store/access.ts";
import type { Store } from "../store/store.ts";
import { expiryMs } from "./moment.ts";

/** lockout.v1.AccessService: organisations and tokens. */
export function createAccessService(
  store: OrgStore & TokenStore & Pick<Store, "now">,
): ServiceImpl<typeof AccessService> {
  return {
    async createOrganization({ name }, context) {
      if (name.trim() === "") {
        throw new LockoutError("orgNameInvalid");
      }
      return organization(
        await store.createOrg(name, getCaller(context.values).id),
      );
    },

    async listOrganizations() {
      const orgs = await store.listOrgs();
      return { organizations: orgs.map(organization) };
    },

    async createToken(request, context) {
      if (request.roles.length === 0 || !request.roles.every(isRole)) {
        throw new LockoutError("roleUnknown");
      }
      const expirationDate = request.expireTime && expiryMs(request.expireTime);
      if (expirationDate !== undefined && expirationDate <= store.now()) {
        throw new LockoutError("tokenExpiryPast");
      }
      const { id: editor, homeOrgId } = getCaller(context.values);
      const orgId =
        request.organizationId === "" ? homeOrgId : request.organizationId;
      if (!(await store.orgExists(orgId))) {
        throw new LockoutError("tokenOrgUnknown");
      }
      const secret = newSecret();
      const record = await store.createToken(
        {
          hash: hashSecret(secret),
          name: request.name,
          orgId,
          roles: [...new Set(request.roles)],
          expirationDate,
        },
        editor,
      );
      return { token: token(record), secret };
    },

    async listTokens() {
      const tokens = await store.listTokens();
      return { tokens: tokens.map(token) };
    },

    async revokeToken({ tokenId }, context) {
      if (!(await store.revokeToken(tokenId, getCaller(context.values).id))) {
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

function token(record: TokenRecord): MessageInitShape<typeof TokenSchema> {
  return {
    tokenId: record.id,
    name: record.name,
    organizationId: record.orgId,
    roles: [...record.roles],
    createTime: timestampFromMs(record.creationDate),
    ...(record.expirationDate !== undefined && {
      expireTime: timestampFromMs(record.expirationDate),
    }),
  };
}
