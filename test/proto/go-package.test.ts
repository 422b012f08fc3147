import { glob, readFile } from "node:fs/promises";
import { expect, it } from "vitest";

// Go code is generated into one package for each package of the protos: docs/how-to/generate-code.md says how.
it("every proto of ours and of ZITADEL's names the Go package of its package", async () => {
  const root = new URL("../../proto/", import.meta.url);
  const named: string[] = [];
  for await (const path of glob("{lockout,zitadel}/**/*.proto", {
    cwd: root,
  })) {
    const text = await readFile(new URL(path, root), "utf8");
    const [, proto = ""] = /^package ([\w.]+);$/m.exec(text) ?? [];
    const parts = proto.split(".");
    expect(text, path).toContain(
      `\noption go_package = "lockoutd/gen/${parts.join("/")};${parts.slice(-2).join("")}";\n`,
    );
    named.push(path);
  }
  expect(named).toContain("lockout/v1/attempt_service.proto");
});
