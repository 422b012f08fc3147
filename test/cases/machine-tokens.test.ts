import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessService } from "../../gen/lockout/v1/access_service_pb.js";
import { AuthService } from "../../gen/zitadel/auth_pb.js";
import { ManagementService } from "../../gen/zitadel/management_pb.js";
import { openAllDoors, openDoor } from "../support/protocol-variants.ts";
import type { Door } from "../support/protocol-variants.ts";
import { startTestServer } from "../support/server.ts";
import type { TestServer } from "../support/server.ts";
import { messageOf } from "./situation.ts";
import type { Stage } from "./situation.ts";
import { refused } from "./refused.ts";
import { setStage } from "./stage.ts";

// Personal access tokens of service accounts by ZITADEL's calls, by every protocol.

let server: TestServer;
let stage: Stage;

beforeAll(async () => {
  server = await startTestServer();
  stage = await setStage(server);
});

afterAll(async () => {
  await server.close();
});

const access = AccessService.method;
const auth = AuthService.method;
const management = ManagementService.method;
const doorNames = openAllDoors("http://localhost").map(({ name }) => name);
let names = 0;

interface Answer {
  readonly token: string;
  readonly tokenId: string;
  readonly userId: string;
  readonly details: object;
}

const owner = () => ({ token: stage.orgOwner });
const read = async (call: ReturnType<Door["call"]>) =>
  messageOf(await call) as unknown as Answer;
const addMachine = async (door: Door) => {
  names += 1;
  const userName = `machine-${names}`;
  const { userId } = await read(
    door.call(
      management.addMachineUser,
      { userName, name: "Machine" },
      owner(),
    ),
  );
  return { userId, userName };
};

describe.each(doorNames)("by %s", (doorName) => {
  let door: Door;
  beforeAll(() => {
    door = openDoor(server.url, doorName);
  });

  it("a personal access token calls as its account, is listed and removed", async () => {
    const { userId, userName } = await addMachine(door);
    const expirationDate = timestampFromMs(server.now() + 60_000);
    const made = await read(
      door.call(management.addPersonalAccessToken, { userId }, owner()),
    );
    expect(made.details).toMatchObject({
      ...{ sequence: "2", resourceOwner: stage.orgId },
      creationDate: expect.any(String) as string,
    });
    const ends = await read(
      door.call(
        management.addPersonalAccessToken,
        { userId, expirationDate },
        owner(),
      ),
    );
    const own = { token: made.token };
    const me = async () => messageOf(await door.call(auth.getMyUser, {}, own));
    expect(await me()).toMatchObject({ user: { id: userId, userName } });

    const [id, endingId] = [made.tokenId, ends.tokenId];
    const list = async () =>
      messageOf(
        await door.call(
          management.listPersonalAccessTokens,
          { userId },
          owner(),
        ),
      );
    const listed = await list();
    expect(listed).toMatchObject({
      details: { totalResult: "2" },
      result: [
        { id, details: { resourceOwner: stage.orgId } },
        { id: endingId, expirationDate: expect.any(String) as string },
      ],
    });
    expect(JSON.stringify(listed)).not.toContain(own.token);
    expect(
      messageOf(
        await door.call(
          management.getPersonalAccessTokenByIDs,
          { userId, tokenId: endingId },
          owner(),
        ),
      ),
    ).toMatchObject({ token: { id: endingId } });

    const removed = await read(
      door.call(
        management.removePersonalAccessToken,
        { userId, tokenId: id },
        owner(),
      ),
    );
    expect(removed.details).toMatchObject({ sequence: "4" });
    await refused(
      door.call(auth.getMyUser, {}, own),
      ...([Code.Unauthenticated, "AUTH-7fs1e"] as const),
    );
    expect(await list()).toMatchObject({ details: { totalResult: "1" } });
    const other = await addMachine(door);
    for (const gone of [
      { userId, tokenId: id },
      { userId: other.userId, tokenId: endingId },
    ]) {
      for (const call of [
        door.call(management.getPersonalAccessTokenByIDs, gone, owner()),
        door.call(management.removePersonalAccessToken, gone, owner()),
      ]) {
        await refused(call, Code.NotFound, "LOCKOUTD-tok05");
      }
    }
  });

  it("a personal access token follows its account: its roles, its lock, its end", async () => {
    const { userId } = await addMachine(door);
    const made = await read(
      door.call(management.addPersonalAccessToken, { userId }, owner()),
    );
    const own = { token: made.token };
    const readPolicy = () => door.call(management.getLockoutPolicy, {}, own);
    await refused(readPolicy(), ...([Code.NotFound, "AUTHZ-cdgFk"] as const));
    await door.call(
      management.addOrgMember,
      { userId, roles: ["ORG_OWNER"] },
      owner(),
    );
    expect(await readPolicy()).toMatchObject({ ok: true });
    await door.call(management.lockUser, { id: userId }, owner());
    await refused(
      readPolicy(),
      ...([Code.Unauthenticated, "AUTH-7fs1e"] as const),
    );
    await door.call(management.unlockUser, { id: userId }, owner());
    expect(await readPolicy()).toMatchObject({ ok: true });
    await door.call(management.removeUser, { id: userId }, owner());
    await refused(
      readPolicy(),
      ...([Code.Unauthenticated, "AUTH-7fs1e"] as const),
    );
  });
});

describe("whatever the protocol", () => {
  const [doorName = ""] = doorNames;
  const call: Door["call"] = (...what) =>
    openDoor(server.url, doorName).call(...what);

  it("a personal access token of an account is in the list of all, with the account's roles", async () => {
    const { userId } = await addMachine(openDoor(server.url, doorName));
    await call(
      management.addOrgMember,
      { userId, roles: ["ORG_OWNER"] },
      owner(),
    );
    const { tokenId } = await read(
      call(management.addPersonalAccessToken, { userId }, owner()),
    );
    const root = { token: server.adminToken };
    const find = async (fields: object) => {
      const { tokens } = messageOf(
        await call(access.listTokens, { pageSize: 1000, ...fields }, root),
      ) as unknown as { tokens: readonly { tokenId: string }[] };
      return tokens.find((token) => token.tokenId === tokenId);
    };
    expect(await find({})).toMatchObject({ userId, roles: ["ORG_OWNER"] });
    await call(access.revokeToken, { tokenId }, root);
    expect(await find({})).toBeUndefined();
    expect(await find({ showRevoked: true })).toMatchObject({ userId });
    expect(
      messageOf(
        await call(management.listPersonalAccessTokens, { userId }, owner()),
      ),
    ).not.toHaveProperty("result");
  });

  it("nobody makes or removes a token of an account that may do more", async () => {
    const { userId } = await addMachine(openDoor(server.url, doorName));
    const { tokenId } = await read(
      call(management.addPersonalAccessToken, { userId }, owner()),
    );
    await call(
      management.addOrgMember,
      { userId, roles: ["ORG_OWNER"] },
      owner(),
    );
    const manager = { token: await stage.token(["ORG_USER_MANAGER"]) };
    const stranger = { token: (await setStage(server)).orgOwner };
    for (const [caller, code, id] of [
      [manager, Code.PermissionDenied, "AUTH-5mWD2"],
      [stranger, Code.NotFound, "LOCKOUTD-acc01"],
    ] as const) {
      await refused(
        call(management.addPersonalAccessToken, { userId }, caller),
        ...([code, id] as const),
      );
      await refused(
        call(management.removePersonalAccessToken, { userId, tokenId }, caller),
        ...([code, id] as const),
      );
    }
    await refused(
      call(management.listPersonalAccessTokens, { userId }, stranger),
      ...([Code.NotFound, "LOCKOUTD-acc01"] as const),
    );
  });

  it("a personal access token is refused with an expiry that has passed, for nobody, and beyond the bound", async () => {
    const { userId } = await addMachine(openDoor(server.url, doorName));
    const addToken = (fields: object) =>
      call(management.addPersonalAccessToken, { userId, ...fields }, owner());
    await refused(
      addToken({ expirationDate: timestampFromMs(server.now()) }),
      ...([Code.InvalidArgument, "LOCKOUTD-tok03"] as const),
    );
    await refused(
      addToken({ userId: "300000000000000001" }),
      ...([Code.NotFound, "LOCKOUTD-acc01"] as const),
    );
    await Promise.all(Array.from({ length: 99 }, () => addToken({})));
    const last = await Promise.all([addToken({}), addToken({})]);
    expect(last.filter(({ ok }) => ok)).toHaveLength(1);
    await refused(
      addToken({}),
      ...([Code.ResourceExhausted, "LOCKOUTD-acc17"] as const),
    );
  });
});
