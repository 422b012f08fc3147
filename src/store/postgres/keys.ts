import type { PostgresDatabase } from "./database.ts";
import type { Statement } from "./pipeline.ts";

/** As the sequence of the first migration has it. */
const blockSize = 1000;

const takeBlock: Statement = {
  name: "take_subject_keys",
  text: "SELECT nextval('subject_keys') AS key",
};

/** Makes keys for new subjects, reserved by the thousand for this node. Keys that are not used are lost, which is harmless. */
export function createKeys(
  database: PostgresDatabase,
): (count: number) => Promise<() => number> {
  let blocks: { next: number; readonly end: number }[] = [];
  const left = () => blocks.reduce((sum, { next, end }) => sum + end - next, 0);
  const take = (): number => {
    const [block] = blocks;
    if (block === undefined) {
      throw new Error("no key was taken for a subject");
    }
    const key = block.next;
    block.next += 1;
    if (block.next === block.end) {
      blocks = blocks.slice(1);
    }
    return key;
  };
  return async (count) => {
    while (left() < count) {
      const { rows } = await database.query(takeBlock);
      const first = Number(rows[0]?.["key"]);
      blocks = [...blocks, { next: first, end: first + blockSize }];
    }
    return take;
  };
}
