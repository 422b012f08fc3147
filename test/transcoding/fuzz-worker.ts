/** Does the work of fuzz.ts, in a thread that may hang. */
import { workerData } from "node:worker_threads";
import { parseJson } from "../../src/transcoding/json/parser.ts";
import {
  parseTemplate,
  TemplateError,
} from "../../src/transcoding/template/template.ts";
import { TemplateTrie } from "../../src/transcoding/template/trie.ts";
import type { FuzzTask } from "./fuzz.ts";
import { createTranscoder } from "../../src/transcoding/index.ts";
import { echoService } from "./echo-service.ts";
import { call, serviceOf } from "./in-memory.ts";
import { bodyOf, readGroups, registryOf } from "./vectors.ts";

const task = workerData as FuzzTask;
const progress = new BigInt64Array(task.progress);
const groups = readGroups().map(({ rules, rows }) => {
  const registry = registryOf(rules);
  const spec = echoService(serviceOf(registry), { registry });
  return {
    transcoder: createTranscoder({
      services: [{ spec }],
      registry,
      readMaxBytes: 100_000,
    }),
    rows,
  };
});
const targets = groups.flatMap(({ rows }) =>
  rows.map(({ send }) => send.slice(send.indexOf(" ") + 1)),
);
const bodies = groups.flatMap(({ rows }) =>
  rows.flatMap((row) => bodyOf(row) ?? []),
);
const headers = groups.flatMap(({ rows }) =>
  rows.flatMap(({ header }) => Object.entries(header ?? {})),
);
const pieces = [
  ...`/{}*:=.%?&+"[],\\ `.split(""),
  ..."az09é".split(""),
  "**",
  "{name=",
  "%2F",
  "%ff",
  "null",
  "1e9",
  "-0",
  "child.",
  '{"child":',
  "\ud800",
  "9".repeat(40),
  "/a".repeat(20),
];

// Some messages that can be bound cannot be written as JSON: a mask of unusual names, a content type.
const unprintable = /paths|PATCH|HttpBody/;

/** Small, fast and repeatable: mulberry32. */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let value = this.#state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) % limit;
  }

  of<Item>(items: readonly [Item, ...Item[]] | readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) {
      throw new Error("nothing to choose from");
    }
    return item;
  }
}

/** Cuts, repeats and inserts. */
function mutate(chance: Chance, text: string): string {
  let result = text;
  for (let n = chance.below(4); n > 0; n--) {
    const at = chance.below(result.length + 1);
    const to = at + chance.below(8);
    switch (chance.below(4)) {
      case 0:
        result = result.slice(0, at) + result.slice(to);
        break;
      case 1:
        result = result.slice(0, at) + chance.of(pieces) + result.slice(at);
        break;
      case 2:
        result = result.slice(0, to) + result.slice(at);
        break;
      case 3:
        result = result.slice(0, at) + chance.of(pieces) + result.slice(to);
        break;
    }
  }
  return result;
}

function fuzzMatcher(chance: Chance): void {
  const trie = new TemplateTrie<number>();
  for (let i = 0; i < 8; i++) {
    const text = mutate(chance, chance.of(targets).split("?")[0] ?? "/");
    try {
      trie.add(parseTemplate(text), "GET", i);
    } catch (error) {
      if (!(error instanceof TemplateError)) {
        throw error;
      }
    }
  }
  const path = mutate(chance, chance.of(targets)).split("/").slice(0, 64);
  const before = trie.visits;
  trie.find("GET", path);
  trie.methods(path);
  if (trie.visits - before > 4 * trie.size * (path.length + 1)) {
    throw new Error(`too many visits for ${JSON.stringify(path)}`);
  }
}

function fuzzJson(chance: Chance): void {
  const text = mutate(chance, chance.of(bodies).toString());
  try {
    parseJson(text, 100);
  } catch {
    return;
  }
  // What it takes, JSON.parse takes as well.
  JSON.parse(text);
}

async function fuzzRequest(chance: Chance): Promise<void> {
  const { transcoder, rows } = chance.of(groups);
  const { send } = chance.of(rows);
  const blank = send.indexOf(" ");
  const method = chance.below(8) === 0 ? "POST" : send.slice(0, blank);
  const target = mutate(
    chance,
    chance.below(4) === 0 ? chance.of(targets) : send.slice(blank + 1),
  );
  const body = mutate(chance, (bodyOf(chance.of(rows)) ?? "").toString());
  const header = Object.fromEntries(
    chance.below(3) > 0
      ? []
      : [chance.of(headers)].map(([name, value]) => [
          name,
          mutate(chance, value).replace(/[^\x20-\x7e]/g, ""),
        ]),
  );
  const text = `${method} ${target}`;
  const answer = await call(transcoder, text, { body, header });
  if (answer.status === 500 && !unprintable.test(text + answer.text)) {
    const request = JSON.stringify({ text, body, header });
    throw new Error(`500 for ${request}: ${answer.text}`);
  }
}

for (let i = task.first; i < task.last; i++) {
  progress[0] = BigInt(i);
  const chance = new Chance(Math.imul(task.seed, 0x9e3779b1) + i);
  try {
    fuzzMatcher(chance);
    fuzzJson(chance);
    await fuzzRequest(chance);
  } catch (error) {
    throw new Error(`seed ${task.seed}, iteration ${i}`, { cause: error });
  }
  if (i % 256 === 0) {
    await new Promise(setImmediate);
  }
}
