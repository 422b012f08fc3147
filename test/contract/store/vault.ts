import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openVault } from "../../../src/sealing/open-vault.ts";
import type { VaultOptions } from "../../../src/sealing/open-vault.ts";
import { makeTempDir } from "../../support/temp-dir.ts";
import type { TempDir } from "../../support/temp-dir.ts";
import type { StoreBed } from "./bed.ts";
import { init } from "./samples.ts";

const master = "0123456789abcdef0123456789abcdef";
const another = "fedcba9876543210fedcba9876543210";
const secret = Buffer.from("secret");

export function describeVault(bed: StoreBed): void {
  describe("the vault", () => {
    let directory: TempDir;

    beforeEach(async () => {
      directory = await makeTempDir();
    });

    afterEach(async () => {
      await directory.remove();
    });

    const open = (options: Partial<VaultOptions> = {}) =>
      openVault(bed.store, {
        ...{ masterKey: undefined, keyFile: undefined, reset: false },
        ...options,
      });
    const keyFile = () => join(directory.path, "lockoutd.db.key");
    const keyEvents = async () =>
      (await bed.events())
        .map(({ type }) => type)
        .filter((type) => type.startsWith("instance.lockout.keys"));

    it("is sealed by the master key, and refuses another one, and none", async () => {
      const { vault, isSealed } = await open({ masterKey: master });
      const sealed = vault.seal("hook", secret);

      expect(isSealed).toBe(true);
      const again = await open({ masterKey: master });
      expect(again.vault.unseal("hook", sealed)).toEqual(secret);
      await expect(open({ masterKey: another })).rejects.toThrow(
        /another master key.*--reset-keys/,
      );
      await expect(open()).rejects.toThrow(/none is given.*--reset-keys/);
    });

    it("has one key, whichever of two nodes that start at once makes it", async () => {
      const vaults = await Promise.all([open(), open(), open()]);
      const keys = vaults.map(({ vault }) =>
        Buffer.from(vault.deriveKey("x")).toString("hex"),
      );

      expect(new Set(keys).size).toBe(1);
    });

    it("is sealed as soon as a master key comes, with an event, and opens what was there", async () => {
      await bed.store.initialise(init);
      const open1 = await open();
      const sealed = open1.vault.seal("hook", secret);
      expect(open1.isSealed).toBe(false);
      expect(await keyEvents()).toEqual([]);

      const open2 = await open({ masterKey: master });

      expect(open2.isSealed).toBe(true);
      expect(open2.vault.unseal("hook", sealed)).toEqual(secret);
      expect(await keyEvents()).toEqual(["instance.lockout.keys.sealed"]);
      await expect(open()).rejects.toThrow(/none is given/);
      await open({ masterKey: master });
      expect(await keyEvents()).toHaveLength(1);
    });

    it("has new keys after a reset, which opens nothing that was sealed before", async () => {
      await bed.store.initialise(init);
      const { vault } = await open({ masterKey: master });
      const sealed = vault.seal("hook", secret);

      const after = await open({ masterKey: another, reset: true });

      expect(after.isSealed).toBe(true);
      expect(after.vault.unseal("hook", sealed)).toBeUndefined();
      expect(after.vault.deriveKey("x")).not.toEqual(vault.deriveKey("x"));
      expect(await keyEvents()).toEqual(["instance.lockout.keys.reset"]);
      await expect(open({ masterKey: master })).rejects.toThrow(/another/);
    });

    it("is replaced before there is an instance too, as a first start that was broken off leaves it", async () => {
      await open();
      const { isSealed } = await open({ masterKey: master });

      expect(isSealed).toBe(true);
      expect(await bed.events()).toEqual([]);
    });

    it("makes a key beside the database where the operator gives none, for the owner alone", async () => {
      const { vault, isSealed } = await open({ keyFile: keyFile() });
      const sealed = vault.seal("hook", secret);

      expect(isSealed).toBe(true);
      expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
      const again = await open({ keyFile: keyFile() });
      expect(again.vault.unseal("hook", sealed)).toEqual(secret);
    });

    it("does not make another key beside the database where that is lost", async () => {
      await open({ keyFile: keyFile() });
      await expect(
        open({ keyFile: join(directory.path, "other.key") }),
      ).rejects.toThrow(/none is given/);
      await expect(
        stat(join(directory.path, "other.key")),
      ).rejects.toMatchObject({ code: "ENOENT" });
      const { isSealed } = await open({
        keyFile: join(directory.path, "other.key"),
        reset: true,
      });
      expect(isSealed).toBe(true);
    });

    it("is sealed by the operator's master key instead of the one beside the database", async () => {
      const { vault } = await open({ keyFile: keyFile() });
      const sealed = vault.seal("hook", secret);

      const own = await open({ masterKey: master, keyFile: keyFile() });

      expect(own.vault.unseal("hook", sealed)).toEqual(secret);
      await expect(open({ keyFile: keyFile() })).rejects.toThrow(/another/);
    });

    it("refuses a file beside the database that has no master key in it, and never repeats it", async () => {
      await writeFile(keyFile(), "too short, and secret");

      const refusal = open({ keyFile: keyFile() });

      await expect(refusal).rejects.toThrow(/has 21 characters/);
      await expect(refusal).rejects.not.toThrow(/secret/);
    });

    it("keeps the first signing key of an id, and removes those that have ended", async () => {
      const { store } = bed;
      const key = (id: string, byte: number, endDate: number) => ({
        ...{ id, privateKey: Buffer.of(byte), endDate },
      });
      const later = store.now() + 60_000;
      await store.addSigningKey(key("old", 1, store.now() - 1));
      await Promise.all([
        store.addSigningKey(key("one", 2, later)),
        store.addSigningKey(key("one", 3, later)),
      ]);
      await store.addSigningKey(key("two", 4, later));

      const keys = await store.listSigningKeys();

      expect(keys.map(({ id, endDate }) => [id, endDate])).toEqual([
        ["one", later],
        ["two", later],
      ]);
      const again = await store.listSigningKeys();
      await store.addSigningKey(key("one", 5, later));
      expect(await store.listSigningKeys()).toEqual(again);
    });
  });
}
