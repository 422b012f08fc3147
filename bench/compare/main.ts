/** How many secrets are compared when a thousand wrong guesses come at once, and five are allowed. */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import type { ScryptOptions } from "node:crypto";
import { promisify } from "node:util";
import { readFlags } from "../support/flags.ts";
import { readCount } from "../support/read-count.ts";
import { subDirectory, withTempDir } from "../support/temp-dir.ts";
import type { Compare, Contestant } from "./guard.ts";
import { lockoutd } from "./lockoutd.ts";
import { rateLimiters } from "./rate-limiter.ts";

const help = `npm run bench:compare -- [options]

  --guesses 1000     how many wrong guesses are made at once
  --limit 5          how many are allowed
`;

const flags = readFlags(help, {
  guesses: { type: "string", default: "1000" },
  limit: { type: "string", default: "5" },
});
const guesses = readCount("guesses", flags.guesses);
const limit = readCount("limit", flags.limit);

/** Less than a login should take, to have the run end soon. */
const cost: ScryptOptions = { N: 4096 };

/** A comparison such as a login makes; the secret is never guessed. */
async function createCompare(onCompare: () => void): Promise<Compare> {
  const hash = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);
  const salt = randomBytes(16);
  const secret = await hash(randomBytes(32).toString("hex"), salt, 32, cost);
  return async () => {
    onCompare();
    return timingSafeEqual(await hash("a wrong guess", salt, 32, cost), secret);
  };
}

async function countCompared(
  { start }: Contestant,
  directory: string,
): Promise<number | string> {
  const guard = await start(directory, limit);
  if ("skipped" in guard) {
    return guard.skipped;
  }
  let compared = 0;
  const compare = await createCompare(() => {
    compared += 1;
  });
  try {
    await Promise.all(
      Array.from({ length: guesses }, () => guard.login(compare)),
    );
  } finally {
    await guard.close();
  }
  return compared;
}

await withTempDir(undefined, async (directory) => {
  process.stdout.write(
    `${guesses} wrong guesses at once at one user's password, of which ${limit} are allowed.\n\n` +
      "| | counted in | secrets compared |\n| --- | --- | --: |\n",
  );
  for (const [place, contestant] of [...rateLimiters, lockoutd].entries()) {
    const compared = await countCompared(
      contestant,
      subDirectory(directory, `${place}`),
    );
    process.stdout.write(
      `| ${contestant.title} | ${contestant.store} | ${typeof compared === "number" ? compared.toLocaleString("en-US") : `left out: ${compared}`} |\n`,
    );
  }
});
