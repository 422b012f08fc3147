import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AdminService } from "../../gen/zitadel/admin_pb.js";
import { InstanceService } from "../../gen/zitadel/instance/v2/instance_service_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { TextQueryMethod } from "../../gen/zitadel/object_pb.js";
import { OrgFieldName, OrgState } from "../../gen/zitadel/org_pb.js";
import { OrganizationFieldName } from "../../gen/zitadel/org/v2/query_pb.js";
import { OrganizationService } from "../../gen/zitadel/org/v2/org_service_pb.js";
import {
  openAllDoors,
  openDoor,
  openDoors,
} from "../support/protocol-variants.ts";
import type { Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import type { Stage } from "./situation.ts";
import { refused } from "./refused.ts";
import { setStage } from "./stage.ts";

// ZITADEL's look-ups of organisations and of the instance, by every protocol.

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(async () => {
  await server.close();
});

const admin = AdminService.method;
const management = ManagementService.method;
const organizations = OrganizationService.method;
/** Other forms are written by the rules of paths. */
const protocols = openDoors("http://localhost").map(({ name }) => name);
let names = 0;

interface Org {
  readonly id: string;
  readonly name: string;
  readonly primaryDomain?: string;
}

interface OrgList {
  readonly details: { readonly totalResult?: string };
  readonly result?: readonly Org[];
}

describe.each(openAllDoors("http://localhost").map(({ name }) => name))(
  "by %s",
  (doorName) => {
    let door: Door;
    let stage: Stage;
    beforeAll(async () => {
      door = openDoor(server.url, doorName);
      stage = await setStage(server);
    });
    const root = () => ({ token: server.adminToken });
    const owner = () => ({ token: stage.orgOwner });
    const listed = async (call: ReturnType<Door["call"]>) => {
      const { details, result = [] } = messageOf(
        await call,
      ) as unknown as OrgList;
      return {
        total: details.totalResult ?? "0",
        names: result.map(({ name }) => name),
      };
    };
    /** Three organisations with names of their own. */
    const addThree = async () => {
      names += 1;
      const prefix = `Search ${names} `;
      for (const letter of ["b", "C", "a"]) {
        await door.call(management.addOrg, { name: prefix + letter }, root());
      }
      return prefix;
    };
    const nameQuery = (name: string, method: TextQueryMethod) => ({
      query: { case: "nameQuery" as const, value: { name, method } },
    });

    it("an organisation is created by each of the calls, and found by its id", async () => {
      const made = [
        await door.call(management.addOrg, { name: "One" }, root()),
        await door.call(admin.setUpOrg, { org: { name: "One" } }, root()),
        await door.call(organizations.addOrganization, { name: "One" }, root()),
      ].map((answer) => messageOf(answer) as Record<string, unknown>);
      const ids = made.map(
        ({ id, orgId, organizationId }) => id ?? orgId ?? organizationId,
      );
      expect(new Set(ids).size).toBe(3);
      for (const [place, id] of ids.entries()) {
        expect(id).toMatch(/^\d{18}$/);
        expect(made[place]).toMatchObject({
          details: { sequence: "1", resourceOwner: id },
        });
        expect(made[place]).not.toHaveProperty("details.changeDate");
        const found = await door.call(
          admin.getOrgByID,
          { id: String(id) },
          root(),
        );
        const { details } = made[place] as {
          details: { creationDate: string };
        };
        const { creationDate } = details;
        expect(messageOf(found)).toEqual({
          org: {
            ...{ id, name: "One", state: "ORG_STATE_ACTIVE" },
            primaryDomain: "one.127.0.0.1",
            details: {
              ...{ sequence: "1", resourceOwner: id },
              ...{ creationDate, changeDate: creationDate },
            },
          },
        });
      }
    });

    it("nothing but an organisation is created, and none without a name", async () => {
      const before = await listed(door.call(admin.listOrgs, {}, root()));
      await refused(
        door.call(management.addOrg, { name: " " }, root()),
        ...([Code.InvalidArgument, "LOCKOUTD-org01"] as const),
      );
      for (const more of [
        { user: { case: "human" as const, value: {} } },
        { roles: ["ORG_OWNER"] },
        { org: { name: "Two", domain: "two.example.com" } },
      ]) {
        await refused(
          door.call(admin.setUpOrg, { org: { name: "Two" }, ...more }, root()),
          ...([Code.InvalidArgument, "LOCKOUTD-org03"] as const),
        );
      }
      for (const more of [
        { orgId: "300000000000000001" },
        { admins: [{ userType: { case: "userId" as const, value: "me" } }] },
      ]) {
        await refused(
          door.call(
            organizations.addOrganization,
            { name: "Two", ...more },
            root(),
          ),
          ...([Code.InvalidArgument, "LOCKOUTD-org03"] as const),
        );
      }
      expect(await listed(door.call(admin.listOrgs, {}, root()))).toEqual(
        before,
      );
    });

    it("the first organisation is the default one, and the call's own is mine", async () => {
      expect(
        messageOf(await door.call(admin.getDefaultOrg, {}, root())),
      ).toMatchObject({ org: { id: server.firstOrgId } });
      expect(
        messageOf(await door.call(management.getMyOrg, {}, owner())),
      ).toMatchObject({ org: { id: stage.orgId } });
      expect(
        messageOf(
          await door.call(
            management.getMyOrg,
            {},
            {
              ...root(),
              orgId: stage.orgId,
            },
          ),
        ),
      ).toMatchObject({ org: { id: stage.orgId } });
    });

    it("details follow the events of the organisation", async () => {
      await door.call(
        management.addCustomLockoutPolicy,
        { maxPasswordAttempts: 3 },
        owner(),
      );
      const { org } = messageOf(
        await door.call(management.getMyOrg, {}, owner()),
      ) as { org: { details: Record<string, string> } };
      expect(org.details["sequence"]).toBe("2");
      expect(org.details["changeDate"]).not.toBe(org.details["creationDate"]);
    });

    it("lists are filtered, sorted and cut, and say how many there are", async () => {
      const prefix = await addThree();
      const { STARTS_WITH, EQUALS, CONTAINS_IGNORE_CASE, ENDS_WITH } =
        TextQueryMethod;
      const list = (method: TextQueryMethod, name: string, more: object = {}) =>
        listed(
          door.call(
            admin.listOrgs,
            { queries: [nameQuery(name, method)], ...more },
            root(),
          ),
        );
      const all = ["b", "C", "a"].map((letter) => prefix + letter);
      expect(await list(STARTS_WITH, prefix)).toEqual({
        total: "3",
        names: all,
      });
      expect(await list(EQUALS, `${prefix}b`)).toEqual({
        ...{ total: "1", names: [`${prefix}b`] },
      });
      expect(await list(EQUALS, `${prefix}B`)).toMatchObject({ total: "0" });
      expect(
        await list(CONTAINS_IGNORE_CASE, prefix.toUpperCase()),
      ).toMatchObject({ total: "3" });
      expect(await list(ENDS_WITH, prefix)).toMatchObject({ total: "0" });
      expect(
        await list(STARTS_WITH, prefix, { query: { offset: 1n, limit: 1 } }),
      ).toEqual({ total: "3", names: [`${prefix}C`] });
      const sortingColumn = OrgFieldName.NAME;
      expect(
        await list(STARTS_WITH, prefix, {
          sortingColumn,
          query: { asc: true },
        }),
      ).toEqual({ total: "3", names: [1, 2, 0].map((place) => all[place]) });
      expect(
        await list(STARTS_WITH, prefix, {
          ...{ sortingColumn, query: { offset: 1n, limit: 2 } },
        }),
      ).toEqual({ total: "3", names: [2, 1].map((place) => all[place]) });
    });

    it("queries ask for all at once: by name, domain, state and id, and the default in v2", async () => {
      const prefix = await addThree();
      const starts = nameQuery(prefix, TextQueryMethod.STARTS_WITH);
      const domain = `${prefix.trim().replace(" ", "-").toLowerCase()}-b.127.0.0.1`;
      const by = (...queries: object[]) =>
        listed(
          door.call(
            organizations.listOrganizations,
            { queries: [starts, ...queries] },
            root(),
          ),
        );
      const ask = (choice: string, value: object = {}) => ({
        query: { case: choice, value },
      });
      expect(await by(ask("domainQuery", { domain }))).toMatchObject({
        names: [`${prefix}b`],
      });
      expect(
        await by(ask("stateQuery", { state: OrgState.ACTIVE })),
      ).toMatchObject({ total: "3" });
      expect(
        await by(ask("stateQuery", { state: OrgState.INACTIVE })),
      ).toMatchObject({ total: "0" });
      expect(await by(ask("idQuery", { id: stage.orgId }))).toMatchObject({
        total: "0",
      });
      const only = (...queries: object[]) =>
        listed(door.call(organizations.listOrganizations, { queries }, root()));
      expect(await only(ask("idQuery", { id: stage.orgId }))).toMatchObject({
        total: "1",
      });
      expect(
        await only(ask("idQuery", { id: stage.orgId }), ask("defaultQuery")),
      ).toMatchObject({ total: "0" });
      const [first, ...others] = (await only(ask("defaultQuery"))).names;
      expect([typeof first, others]).toEqual(["string", []]);
      await refused(
        door.call(organizations.listOrganizations, { queries: [{}] }, root()),
        ...([Code.InvalidArgument, "LOCKOUTD-qry03"] as const),
      );
    });

    it("a list has at most 1,000 entries, and a sorted one ends at the 10,000th", async () => {
      for (const limit of [1000, 0]) {
        expect(
          await door.call(admin.listOrgs, { query: { limit } }, root()),
        ).toMatchObject({ ok: true });
      }
      await refused(
        door.call(admin.listOrgs, { query: { limit: 1001 } }, root()),
        ...([Code.InvalidArgument, "LOCKOUTD-qry01"] as const),
      );
      const sorted = (offset: bigint) =>
        door.call(
          organizations.listOrganizations,
          {
            query: { offset, limit: 1 },
            sortingColumn: OrganizationFieldName.NAME,
          },
          root(),
        );
      expect(await sorted(9999n)).toMatchObject({ ok: true });
      await refused(
        sorted(10_000n),
        ...([Code.InvalidArgument, "LOCKOUTD-qry02"] as const),
      );
      expect(
        await listed(
          door.call(
            admin.listOrgs,
            { query: { offset: 2n ** 64n - 1n } },
            root(),
          ),
        ),
      ).toMatchObject({ names: [] });
    });

    it("nobody sees an organisation in which he has no role", async () => {
      const mine = await listed(
        door.call(organizations.listOrganizations, {}, owner()),
      );
      expect(mine).toMatchObject({ total: "1" });
      const [mineName = ""] = mine.names;
      const byDomain = (domain: string, token: string) =>
        door.call(management.getOrgByDomainGlobal, { domain }, { token });
      const label = mineName.replaceAll(" ", "-");
      expect(
        messageOf(
          await byDomain(`${label.toUpperCase()}.127.0.0.1`, stage.orgOwner),
        ),
      ).toMatchObject({ org: { id: stage.orgId } });
      const other = await setStage(server);
      const unseen = [
        await byDomain(`${label}.127.0.0.1`, other.orgOwner),
        await byDomain("nobody.127.0.0.1", other.orgOwner),
        await byDomain("", server.adminToken),
        await door.call(admin.getOrgByID, { id: "300000000000000001" }, root()),
      ];
      for (const answer of unseen) {
        expect(answer).toMatchObject({
          ...{ ok: false, code: Code.NotFound },
          details: [{ id: "LOCKOUTD-org02" }],
        });
      }
    });

    it("the instance is shown by v1, and by v2, which has no paths", async () => {
      const { instance } = messageOf(
        await door.call(admin.getMyInstance, {}, root()),
      ) as { instance: { id: string; details: Record<string, string> } };
      expect(instance).toMatchObject({
        state: "STATE_RUNNING",
        name: "lockoutd",
        version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
        details: { resourceOwner: instance.id },
        domains: [{ domain: "127.0.0.1", primary: true }],
      });
      if (doorName.includes("REST") || !protocols.includes(doorName)) {
        return;
      }
      const get = (instanceId: string, token = server.adminToken) =>
        door.call(
          InstanceService.method.getInstance,
          { instanceId },
          { token },
        );
      for (const id of ["", instance.id]) {
        expect(messageOf(await get(id))).toMatchObject({
          instance: {
            ...{ id: instance.id, state: "STATE_RUNNING", name: "lockoutd" },
            creationDate: instance.details["creationDate"],
            customDomains: [{ domain: "127.0.0.1", primary: true }],
          },
        });
      }
      await refused(
        get("300000000000000001"),
        ...([Code.NotFound, "LOCKOUTD-org04"] as const),
      );
      await refused(
        get("", stage.orgOwner),
        ...([Code.PermissionDenied, "AUTH-5mWD2"] as const),
      );
    });
  },
);
