import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import type { Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import type {
  Organization,
  Token,
} from "../../gen/lockout/v1/access_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import type { Event } from "../../gen/zitadel/event_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import type { LockoutPolicy } from "../../gen/zitadel/policy_pb.js";
import type { Org, TokenRecord } from "../store/store.ts";
import type { Backend, EventView, PolicyView } from "./backend.ts";
import { oneLine, OperationError } from "./failure.ts";
import { SessionManager } from "./session-manager.ts";

const timeoutMs = 30_000;

/** Works on a server through its API, over gRPC. */
export function openServerBackend(url: string, token: string): Backend {
  const sessionManager = new SessionManager(url);
  const transport = createGrpcTransport({
    baseUrl: url,
    sessionManager,
    defaultTimeoutMs: timeoutMs,
    interceptors: [explainNoAnswer(url), authenticate(token)],
  });
  const access = createClient(AccessService, transport);
  const admin = createClient(AdminService, transport);
  const management = createClient(ManagementService, transport);
  const on = (orgId: string) => ({ headers: { "x-zitadel-orgid": orgId } });

  const getPolicy = async (orgId: string | undefined): Promise<PolicyView> => {
    const { policy } =
      orgId === undefined
        ? await admin.getLockoutPolicy({})
        : await management.getLockoutPolicy({}, on(orgId));
    return policyView(policy);
  };

  return {
    createOrg: async (name) => org(await access.createOrganization({ name })),
    async listOrgs() {
      const { organizations } = await access.listOrganizations({});
      return organizations.map(org);
    },

    async createToken({ name, roles, orgId, expirationDate }) {
      const answer = await access.createToken({
        name,
        roles: [...roles],
        ...(orgId !== undefined && { organizationId: orgId }),
        ...(expirationDate !== undefined && {
          expireTime: timestampFromMs(expirationDate),
        }),
      });
      return { token: tokenRecord(answer.token), secret: answer.secret };
    },
    async listTokens() {
      const { tokens } = await access.listTokens({});
      return tokens.map(tokenRecord);
    },
    async revokeToken(tokenId) {
      await access.revokeToken({ tokenId });
    },

    getPolicy,
    async setPolicy(orgId, change) {
      const present = await getPolicy(orgId);
      const limits = {
        maxPasswordAttempts:
          change.maxPasswordAttempts ?? present.maxPasswordAttempts,
        maxOtpAttempts: change.maxOtpAttempts ?? present.maxOtpAttempts,
      };
      if (orgId === undefined) {
        await admin.updateLockoutPolicy(limits);
      } else if (present.isDefault) {
        await management.addCustomLockoutPolicy(limits, on(orgId));
      } else {
        await management.updateCustomLockoutPolicy(limits, on(orgId));
      }
      return getPolicy(orgId);
    },
    async resetPolicy(orgId) {
      await management.resetLockoutPolicyToDefault({}, on(orgId));
      return getPolicy(orgId);
    },

    async listEvents(query) {
      const { since, until } = query;
      const { events } = await admin.listEvents({
        asc: query.ascending,
        limit: query.limit,
        eventTypes: [...query.types],
        aggregateTypes: [...query.aggregateTypes],
        aggregateId: query.aggregateId ?? "",
        resourceOwner: query.resourceOwner ?? "",
        editorUserId: query.editor ?? "",
        creationDateFilter: {
          case: "range",
          value: {
            ...(since !== undefined && { since: timestampFromMs(since) }),
            ...(until !== undefined && { until: timestampFromMs(until) }),
          },
        },
      });
      return events.map(eventView);
    },

    transport,
    close: async () => {
      sessionManager.abort();
    },
  };
}

function authenticate(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}

/** Tells a server that refuses from one that does not answer, or is none of ours. */
function explainNoAnswer(url: string): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      const { code, rawMessage, details, cause } = ConnectError.from(error);
      if (code === Code.DeadlineExceeded) {
        throw new OperationError(
          `${url} did not answer within ${timeoutMs / 1000} s`,
          { cause: error },
        );
      }
      // A refusal has a detail. What went wrong below it has the cause that Node gave, or was a stream that ended before it, or
      // an answer that is not gRPC, of which the transport says the status alone.
      const isBelow =
        cause !== undefined ||
        code === Code.Canceled ||
        /^HTTP \d+$/.test(rawMessage);
      if (details.length > 0 || !isBelow) throw error;
      throw new OperationError(
        `${url} cannot be reached (${oneLine(rawMessage)}): check the address, http or https, and that lockoutd serves there`,
        { cause: error },
      );
    }
  };
}

function org(message: Organization): Org {
  return {
    id: message.organizationId,
    name: message.name,
    creationDate: milliseconds(message.createTime),
  };
}

function tokenRecord(message: Token | undefined): TokenRecord {
  if (message === undefined) throw incomplete();
  return {
    id: message.tokenId,
    name: message.name,
    orgId: message.organizationId,
    roles: message.roles,
    creationDate: milliseconds(message.createTime),
    expirationDate: message.expireTime && timestampMs(message.expireTime),
  };
}

function policyView(message: LockoutPolicy | undefined): PolicyView {
  if (message?.details === undefined) throw incomplete();
  return {
    maxPasswordAttempts: Number(message.maxPasswordAttempts),
    maxOtpAttempts: Number(message.maxOtpAttempts),
    isDefault: message.isDefault,
    resourceOwner: message.details.resourceOwner,
    sequence: Number(message.details.sequence),
    changeDate: milliseconds(message.details.changeDate),
  };
}

function eventView(message: Event): EventView {
  return {
    creationDate: milliseconds(message.creationDate),
    sequence: Number(message.sequence),
    type: message.type?.type ?? "",
    aggregateType: message.aggregate?.type?.type ?? "",
    aggregateId: message.aggregate?.id ?? "",
    resourceOwner: message.aggregate?.resourceOwner ?? "",
    editor: message.editor?.userId ?? "",
    payload: message.payload,
  };
}

function milliseconds(time: Timestamp | undefined): number {
  if (time === undefined) throw incomplete();
  return timestampMs(time);
}

function incomplete(): OperationError {
  return new OperationError(
    "the server's answer lacks a field: it may be another version of lockoutd, or another program",
  );
}
