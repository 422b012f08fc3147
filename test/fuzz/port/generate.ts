import { http1Bytes } from "./http1.ts";
import { http2Bytes } from "./http2.ts";
import { portEnds } from "./input.ts";
import type { PortInput } from "./input.ts";
import { cut } from "./mutate.ts";
import { inputSeed, Random } from "./random.ts";

/** One of a run's inputs: the same for the same seed and index. */
export function generateInput(runSeed: number, index: number): PortInput {
  const random = new Random(inputSeed(runSeed, index));
  const bytes = generateBytes(random);
  return { chunks: cut(random, bytes), end: random.pick(portEnds) };
}

function generateBytes(random: Random): Buffer {
  switch (random.below(16)) {
    case 0:
      return random.bytes(random.below(200));
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
      return http1Bytes(random);
    default:
      return http2Bytes(random);
  }
}
