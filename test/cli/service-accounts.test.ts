import { readFile, stat, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { run } from "./command.ts";
import { serveDatabase } from "./served-database.ts";

const served = serveDatabase();
const { onDatabase, onServer } = served;

describe.each(["database", "server"] as const)("on the %s", (where) => {
  const account = (...args: readonly string[]) =>
    run(
      "service-account",
      ...args,
      ...(where === "database" ? onDatabase() : onServer()),
    );
  const succeed = async (...args: readonly string[]) => {
    const outcome = await account(...args);
    expect(outcome, args.join(" ")).toMatchObject({ code: 0 });
    return outcome.stdout.trim();
  };

  test("an account comes with its key file, is shown and changed by its name, and goes", async () => {
    const name = `page-${where}`;
    const file = served.directory.file(`${name}.json`);
    const id = await succeed(
      ...["create", name, "--role", "IAM_LOGIN_CLIENT"],
      ...["--key-file", file],
    );
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({
      ...{ type: "serviceaccount", userId: id },
    });
    expect(await succeed("list")).toContain(name);
    await succeed("update", name, "--role", "IAM_USER_MANAGER");
    expect(
      JSON.parse(await succeed("list", "--output", "json")),
    ).toContainEqual(
      expect.objectContaining({ id, roles: ["IAM_USER_MANAGER"] }),
    );
    expect(await succeed("secret", "set", name)).toMatch(/^[a-zA-Z0-9]{64}$/);
    await succeed("secret", "remove", name);

    const application = served.directory.file(`${name}-application.json`);
    const keyId = await succeed(
      ...["key", "add", id, "--type", "application"],
      ...["--key-file", application, "--expires", "90d"],
    );
    expect(JSON.parse(await readFile(application, "utf8"))).toMatchObject({
      ...{ type: "application", clientId: id, keyId },
    });
    await succeed("key", "remove", name, keyId);
    const keys = await succeed("key", "list", name, "--output", "json");
    expect(JSON.parse(keys)).toHaveLength(1);
    await succeed("delete", name);
    expect(await succeed("list")).not.toContain(name);
  });

  test("a file that is there is never overwritten, and nothing is created then", async () => {
    const file = served.directory.file(`there-${where}.json`);
    await writeFile(file, "precious");
    const name = `kept-${where}`;
    const outcome = await account("create", name, "--key-file", file);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("exists already");
    expect(await readFile(file, "utf8")).toBe("precious");
    expect(await succeed("list")).not.toContain(name);
  });

  test("a file of a key that could not be made is removed", async () => {
    const file = served.directory.file(`none-${where}.json`);
    const outcome = await account("key", "add", "nobody", "--key-file", file);
    expect(outcome).toMatchObject({ code: 1 });
    await expect(stat(file)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
