import type { Code } from "@connectrpc/connect";
import { expect } from "vitest";
import type { Door } from "../support/protocol-variants.ts";

/** Expects that a call is refused with a code, and with the id of an entry of the error catalogue among its details. */
export async function refused(
  call: ReturnType<Door["call"]>,
  code: Code,
  id: string,
): Promise<void> {
  expect(await call).toMatchObject({ ok: false, code, details: [{ id }] });
}
