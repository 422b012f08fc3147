import { createServiceImplSpec } from "@connectrpc/connect";
import type { DescService } from "@bufbuild/protobuf";
import type {
  HandlerContext,
  ServiceImpl,
  ServiceImplSpec,
} from "@connectrpc/connect";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { AttemptService } from "../../gen/lockout/v1/attempt_service_pb.js";
import { HookService } from "../../gen/lockout/v1/hook_service_pb.js";
import { PolicyService } from "../../gen/lockout/v1/policy_service_pb.js";
import { UserService as LockoutUserService } from "../../gen/lockout/v1/user_service_pb.js";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { InstanceService } from "../../gen/zitadel/instance/v2/instance_service_pb.js";
import { AuthService } from "../../gen/zitadel/auth_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { OrganizationService } from "../../gen/zitadel/org/v2/org_service_pb.js";
import { SettingsService } from "../../gen/zitadel/settings/v2/settings_service_pb.js";
import { SettingsService as SettingsServiceBeta } from "../../gen/zitadel/settings/v2beta/settings_service_pb.js";
import { UserService as ZitadelUserService } from "../../gen/zitadel/user/v2/user_service_pb.js";
import { UserService as ZitadelUserServiceBeta } from "../../gen/zitadel/user/v2beta/user_service_pb.js";
import { createTurns } from "../pacing/turns.ts";
import type { Awaitable } from "../store/awaitable.ts";
import type { Store } from "../store/store.ts";
import { createAccessService } from "./services/access-service.ts";
import { createAccountCommands } from "./accounts/account-commands.ts";
import { createAdminService } from "./services/admin-service.ts";
import { createAttemptService } from "./services/attempt-service.ts";
import { createAuthService } from "./services/auth-service.ts";
import { withinBounds } from "./requests/check-bounds.ts";
import { createLockoutUserService } from "./services/lockout-user-service.ts";
import { createHookService } from "./services/hook-service.ts";
import type { HookParts } from "./services/hook-service.ts";
import { EditorNames } from "./messages/editor-names.ts";
import { createInstanceService } from "./services/instance-service.ts";
import { createMachineMethods } from "./services/machine-methods.ts";
import { createMachineTokenMethods } from "./services/machine-token-methods.ts";
import { createManagementService } from "./services/management-service.ts";
import { createInstanceMembers, createOrgMembers } from "./services/members.ts";
import { createOrgLookups } from "./orgs/org-lookups.ts";
import type { About } from "./orgs/org-lookups.ts";
import {
  createAdminOrgMethods,
  createManagementOrgMethods,
} from "./services/org-methods.ts";
import { withBoundPages } from "./requests/page-tokens.ts";
import { createOrganizationService } from "./services/organization-service.ts";
import { createPolicyService } from "./services/policy-service.ts";
import { requestBounds } from "./requests/request-bounds.ts";
import { createSettingsService } from "./services/settings-service.ts";
import { createUserLookups } from "./users/user-lookups.ts";
import type { WatchLimits } from "./events/watch-quota.ts";
import { createZitadelUserService } from "./services/zitadel-user-service.ts";

/**
 * How many lists are read at once. Each may hold some megabytes until its response is sent, and all share one event loop: more at once would
 * not end sooner.
 */
const listsAtOnce = 2;

/** What the services are made of. */
export interface ServicesOptions extends WatchLimits {
  readonly store: Store;
  /** How long an attempt may stay open, in milliseconds; then it counts as failed. */
  readonly attemptTtlMs: number;
  readonly hooks: HookParts;
  readonly about: About;
  /** Aborted when the server begins to shut down: ends calls that would wait without end. Unless set, there is none. */
  readonly draining?: AbortSignal;
  /** Sends the header of a stream's response before its first message. Unless set, it is sent with that message. */
  readonly openStream?: (context: HandlerContext) => void;
  /**
   * Checks the caller's token again. Left out where there is none.
   *
   * @throws LockoutError where the token has ended since the call began
   */
  readonly checkToken?: (context: HandlerContext) => Awaitable<void>;
}

/** A service with its implementation. */
export interface MountedService {
  readonly spec: ServiceImplSpec;
  /** What the paths of its google.api.http rules begin with. */
  readonly pathPrefix: string;
}

/** Methods that need no token. */
export const publicMethods: ReadonlySet<string> = new Set([
  "zitadel.admin.v1.AdminService.Healthz",
  "zitadel.management.v1.ManagementService.Healthz",
]);

/** The services, and where the paths of their google.api.http rules begin. */
export const pathPrefixes: ReadonlyMap<DescService, string> = new Map<
  DescService,
  string
>([
  [AdminService, "/admin/v1"],
  [ManagementService, "/management/v1"],
  [AuthService, "/auth/v1"],
  [SettingsService, ""],
  [SettingsServiceBeta, ""],
  [ZitadelUserService, ""],
  [ZitadelUserServiceBeta, ""],
  [OrganizationService, ""],
  [InstanceService, ""],
  [AttemptService, ""],
  [LockoutUserService, ""],
  [AccessService, ""],
  [PolicyService, ""],
  [HookService, ""],
]);

/** Every service that callers with a token reach. */
export function createServices(
  options: ServicesOptions,
): readonly MountedService[] {
  const { store, about, checkToken = () => undefined } = options;
  const inTurn = createTurns(listsAtOnce);
  // A history may read through a long log: other lists do not wait for it.
  const historyInTurn = createTurns(1);
  const editorNames = new EditorNames(store);
  const settings = createSettingsService(store);
  // A search may read through all users: other lists do not wait for it.
  const searches = createUserLookups(store, createTurns(1));
  const users = createZitadelUserService(store, searches);
  const orgs = createOrgLookups(store, inTurn, about);
  const accounts = createAccountCommands(store, checkToken);
  return [
    mount(AdminService, {
      ...createAdminService(store, inTurn, editorNames),
      ...createAdminOrgMethods(store, orgs, about),
      ...createInstanceMembers(store, accounts, inTurn),
    }),
    mount(ManagementService, {
      ...createManagementService(store, searches),
      ...createManagementOrgMethods(store, orgs),
      ...createMachineMethods(store, accounts),
      ...createMachineTokenMethods(store, accounts),
      ...createOrgMembers(store, accounts, inTurn),
    }),
    mount(AuthService, createAuthService(store)),
    mount(SettingsService, settings),
    mount(SettingsServiceBeta, settings),
    mount(ZitadelUserService, users),
    mount(ZitadelUserServiceBeta, users),
    mount(OrganizationService, createOrganizationService(orgs)),
    mount(InstanceService, createInstanceService(store, orgs, about)),
    mount(
      AttemptService,
      createAttemptService({ ...options, checkToken, inTurn, editorNames }),
    ),
    mount(LockoutUserService, createLockoutUserService(store, inTurn)),
    mount(AccessService, createAccessService(store, accounts, inTurn)),
    mount(
      PolicyService,
      createPolicyService({ store, inTurn: historyInTurn, editorNames }),
    ),
    mount(HookService, createHookService(store, inTurn, options.hooks)),
  ];
}

function mount<Desc extends DescService>(
  service: Desc,
  implementation: ServiceImpl<Desc>,
): MountedService {
  const pathPrefix = pathPrefixes.get(service);
  if (pathPrefix === undefined) {
    throw new Error(`${service.typeName} has no path prefix`);
  }
  return {
    spec: createServiceImplSpec<Desc>(
      service,
      withinBounds(
        service,
        withBoundPages(service, implementation),
        requestBounds,
      ),
    ),
    pathPrefix,
  };
}
