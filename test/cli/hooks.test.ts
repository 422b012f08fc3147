import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startReceiver } from "../hooks/receiver.ts";
import type { Receiver } from "../hooks/receiver.ts";
import { localHooks } from "../hooks/stage.ts";
import { createOrg, serveDatabase } from "./served-database.ts";
import { run, widestOf } from "./command.ts";

const served = serveDatabase({ hooks: localHooks });
const { onDatabase, onServer } = served;
/** What a server is told when it starts. */
const local = ["--hooks-allow-http", "--hooks-allow-private"];

let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
});

afterAll(() => receiver.close());

/** A hook as `--output json` shows it. */
interface HookJson {
  readonly id: string;
  readonly orgId: string | null;
  readonly oldSecretExpirationDate: string | null;
}

describe.each(["database", "server"] as const)("on the %s", (where) => {
  const hook = (...args: readonly string[]) =>
    run(
      ...["hook", ...args],
      ...(where === "database" ? onDatabase() : onServer()),
    );
  const succeed = async (...args: readonly string[]) => {
    const outcome = await hook(...args);
    expect(outcome, args.join(" ")).toMatchObject({ code: 0 });
    return outcome;
  };
  const read = async <Value>(...args: readonly string[]) =>
    JSON.parse((await succeed(...args, "--output", "json")).stdout) as Value;
  const create = async (...args: readonly string[]) =>
    read<HookJson & { readonly secret: string }>(
      ...["create", receiver.url, ...local],
      ...args,
    );

  test.each([
    ["the instance", ["--instance"]],
    ["an organisation", []],
  ] as const)(
    "a hook of %s is created, listed, shown, changed, given another secret, and deleted",
    async (_whose, whose) => {
      const made = await succeed(
        ...["create", receiver.url, "--preset", "lock", ...local, ...whose],
      );
      // Alone, for SECRET=$(…).
      expect(made.stdout).toMatch(/^whsec_[\w+/]{43}=\n$/);
      const [, id = ""] =
        /hook test (\d{18})( --instance)?\n$/.exec(made.stderr) ?? [];
      const shown = await read<HookJson>("show", id, ...whose);
      expect(shown).toEqual({
        ...{ id, url: receiver.url, eventTypes: [], presets: ["lock"] },
        orgId: whose.length === 0 ? served.server.firstOrgId : null,
        ...{ state: "enabled", disableReason: null },
        creationDate: expect.any(String) as string,
        changeDate: expect.any(String) as string,
        oldSecretExpirationDate: null,
      });
      expect(await read("list", ...whose)).toContainEqual(shown);
      const listed = await succeed("list", ...whose);
      expect(listed.stdout).toMatch(
        new RegExp(`^${id}  enabled +lock +${receiver.url}$`, "m"),
      );

      const changed = await succeed(
        ...["update", id, "--event", "user.locked", "user.unlocked"],
        ...["--disable", ...local, ...whose],
      );
      expect(changed.stdout).toContain(
        "disabled (administrator)  user.locked, user.unlocked",
      );
      const enabled = await read(
        ...["update", id, "--enable", "--url", `${receiver.url}/other`],
        ...[...local, ...whose],
      );
      expect(enabled).toMatchObject({
        ...{ url: `${receiver.url}/other`, state: "enabled", presets: [] },
        ...{ eventTypes: ["user.locked", "user.unlocked"] },
      });

      const rotated = await succeed("rotate", id, ...whose);
      expect(rotated.stdout).toMatch(/^whsec_[\w+/]{43}=\n$/);
      expect(rotated.stdout).not.toBe(made.stdout);
      const { oldSecretExpirationDate } = await read<HookJson>(
        ...["show", id, ...whose],
      );
      expect(rotated.stderr).toContain(
        `signs too until ${String(oldSecretExpirationDate)}`,
      );

      expect(await succeed("delete", id, ...whose)).toMatchObject({
        stdout: "",
        stderr: `Deleted ${id}.\n`,
      });
      const gone = await hook("show", id, ...whose);
      expect(gone).toMatchObject({ code: 1, stdout: "" });
      expect(gone.stderr).toContain("LOCKOUTD-hok01");
    },
  );

  test("a hook is of the organisation that is named, and no other's", async () => {
    const org = await createOrg(onServer());
    const { id, orgId } = await create("--org", org);
    expect(orgId).toBe(org);
    expect((await hook("show", id)).stderr).toContain("LOCKOUTD-hok01");
    expect(await read("show", id, "--org", org)).toMatchObject({ id });
    expect(await hook("list", "--org", org, "--instance")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("exclude each other") as string,
    });
  });

  test("what is tested and sent again is listed, newest first, within a terminal's width", async () => {
    const { id } = await create("--event", "user.locked");
    const on = [id, ...local];
    expect(await succeed("test", ...on)).toMatchObject({
      stdout: "delivered 204\n",
    });
    receiver.respond = () => 503;
    const refused = await hook("test", ...on);
    expect(refused).toMatchObject({ code: 1, stdout: "refused 503\n" });
    expect(refused.stderr).toContain("has not accepted the event: refused 503");
    receiver.respond = () => 204;
    const kept = await read<
      readonly { readonly id: string; readonly eventId: string }[]
    >(...["deliveries", id]);
    expect(kept).toMatchObject([
      { attempt: 1, outcome: "refused", status: 503, nextAttemptDate: null },
      { attempt: 1, outcome: "delivered", status: 204 },
    ]);
    const again = await read(...["redeliver", id, kept[0]?.id ?? "", ...local]);
    expect(again).toMatchObject({
      ...{ eventId: kept[0]?.eventId, attempt: 2, outcome: "delivered" },
    });
    const { stdout } = await succeed("deliveries", id, "--limit", "2");
    expect(stdout.split("\n")).toEqual([
      "ID                  TIME                      TRY  NEXT  OUTCOME",
      expect.stringMatching(/^\d{18}  \S{24}  2 {10}delivered 204$/),
      expect.stringMatching(/^\d{18}  \S{24}  1 {10}refused 503$/),
      "",
    ]);
    const none = await hook("redeliver", id, "999999999999999999", ...local);
    expect(none.stderr).toContain("LOCKOUTD-hok05");
  });

  test("a URL that leads into the network behind is refused, unless that is allowed", async () => {
    const url = "http://169.254.169.254/latest/meta-data";
    const refused = await hook("create", url, ...local);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("reachable from everywhere");
  });
});

test("deliveries that wait for another try fit 80 columns", async () => {
  receiver.respond = () => 503;
  const json = ["--output", "json"];
  const made = await run(
    ...["hook", "create", receiver.url, "--event", "user.human.added"],
    ...[...json, ...onServer()],
  );
  const { id } = JSON.parse(made.stdout) as HookJson;
  await run("user", "add", "ann", ...onServer());
  const list = async () =>
    (await run("hook", "deliveries", id, ...onServer())).stdout;
  // Four tries, as the schedule of the server has it.
  await expect.poll(list).toMatch(/^\d{18}  \S{24}  4 +given up 503$/m);
  receiver.respond = () => 204;
  const stdout = await list();
  expect(stdout).toMatch(/^\d{18}  \S{24}  1    after 0 s  refused 503$/m);
  expect(widestOf(stdout)).toBeLessThanOrEqual(80);
});

test.each([
  [[], "disabled", true],
  [["--with-hooks"], "enabled", false],
] as const)(
  "a copy made with %j has its hooks %s, and says so",
  async (flags, state, isSaid) => {
    await run(...["hook", "create", receiver.url, "--instance"], ...onServer());
    const target = served.directory.file(`copy-${state}.db`);
    const snapshot = served.directory.file(`source-${state}.db`);
    await run("backup", snapshot, ...onDatabase());
    const copied = await run(
      ...["copy", "--from", `sqlite:${snapshot}`, "--to", `sqlite:${target}`],
      ...flags,
    );
    expect(copied, copied.stderr).toMatchObject({ code: 0 });
    expect(copied.stdout.includes("--with-hooks leaves them")).toBe(isSaid);
    const { stdout } = await run(
      ...["hook", "list", "--instance", "--output", "json"],
      ...["--database", `sqlite:${target}`],
    );
    const hooks = JSON.parse(stdout) as readonly { readonly state: string }[];
    expect(hooks.length).toBeGreaterThan(0);
    expect(new Set(hooks.map((hook) => hook.state))).toEqual(new Set([state]));
  },
);
