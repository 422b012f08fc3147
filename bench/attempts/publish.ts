import { writeFileSync } from "node:fs";
import { format } from "prettier";

/** Prints a page of Markdown; where a file is named, relative to this folder, writes it there too. */
export async function publish(
  page: string,
  file: string | undefined,
): Promise<void> {
  const formatted = await format(page, { parser: "markdown" });
  process.stdout.write(formatted);
  if (file !== undefined) {
    writeFileSync(new URL(file, import.meta.url), formatted);
  }
}
