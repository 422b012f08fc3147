import type { Skipped } from "../support/redis-server.ts";
import { subDirectory } from "../support/temp-dir.ts";
import type { CallName } from "./calls.ts";
import { calls, comparedCalls } from "./calls.ts";
import type { Contender, ContestantName } from "./contestants.ts";
import { contestantNames, contestants, portOf } from "./contestants.ts";
import { createH2load } from "./load/h2load.ts";
import type { Load } from "./load/load.ts";
import { createWriteLoad } from "./load/write-load.ts";
import { createWrk } from "./load/wrk.ts";
import { measure, warmUp } from "./measure.ts";
import type { Measurement } from "./measure.ts";
import { findTool } from "./tools.ts";
import { verify } from "./verify.ts";

export interface RaceOptions {
  readonly directory: string;
  readonly calls: readonly CallName[];
  readonly contestants: readonly ContestantName[];
  /** The checkout of the contestant of that name. */
  readonly before: string | undefined;
  readonly rounds: number;
  readonly seconds: number;
  readonly say: (line: string) => void;
}

/** What was found: a measurement for each round. */
export type Found = ReadonlyMap<
  CallName,
  ReadonlyMap<ContestantName, readonly Measurement[]>
>;

export interface RaceResult {
  readonly found: Found;
  /** Who or what is left out, and why. */
  readonly skipped: readonly string[];
}

/** A process of a contestant that answers one call, and the load on it. */
interface Lane {
  readonly call: CallName;
  readonly name: ContestantName;
  readonly contender: Contender;
  readonly load: Load;
  readonly measured: Measurement[];
}

/**
 * Measures each call on each contestant, one after another, and all again in each round, so that what the machine
 * does besides hits all alike. Each lane has a process of its own, which has seen no other call. Only calls that are compared with
 * one another share their rounds: the fewer processes there are, the shorter is the time in which one lies idle, and gets cold.
 */
export async function race(options: RaceOptions): Promise<RaceResult> {
  const skipped = new Set<string>();
  const lanes: Lane[] = [];
  for (const group of comparedCalls) {
    const wanted = group.filter((call) => options.calls.includes(call));
    lanes.push(...(await raceTogether(wanted, options, skipped)));
  }
  return { found: byCall(lanes), skipped: [...skipped] };
}

async function raceTogether(
  wanted: readonly CallName[],
  options: RaceOptions,
  skipped: Set<string>,
): Promise<readonly Lane[]> {
  const { rounds, seconds, say } = options;
  const lanes: Lane[] = [];
  try {
    for (const call of wanted) {
      for (const name of contestantNames) {
        if (!options.contestants.includes(name)) {
          continue;
        }
        const answers: readonly CallName[] = contestants[name].calls;
        if (!answers.includes(call)) {
          continue;
        }
        const lane = await openLane(
          call,
          name,
          subDirectory(options.directory, `${call}-${name}`),
          options.before,
        );
        if ("skipped" in lane) {
          skipped.add(lane.skipped);
        } else {
          lanes.push(lane);
        }
      }
    }
    for (const { call, name, load } of lanes) {
      say(`warming up ${call}, ${name}`);
      await warmUp(load);
    }
    for (let round = 1; round <= rounds; round += 1) {
      for (const { call, name, contender, load, measured } of lanes) {
        const found = await measure(load, contender.pid, seconds);
        measured.push(found);
        say(
          `round ${round} of ${rounds}, ${call}, ${name}: ${Math.round(found.requestsPerSecond)} requests/s, CPU ${found.cpuMicros?.toFixed(1) ?? "unknown"} µs`,
        );
      }
    }
  } finally {
    for (const { load, contender } of lanes) {
      await load.stop();
      await contender.stop();
    }
  }
  return lanes;
}

async function openLane(
  call: CallName,
  name: ContestantName,
  directory: string,
  before: string | undefined,
): Promise<Lane | Skipped> {
  const tool = call === "write" ? undefined : findTool(toolOf(call));
  if (typeof tool === "object") {
    return { skipped: `${calls[call].title}: ${tool.skipped}` };
  }
  const contender = await contestants[name].start(directory, before);
  if ("skipped" in contender) {
    return { skipped: `${contestants[name].title}: ${contender.skipped}` };
  }
  try {
    const answerBytes = await verify(call, contender);
    const { token } = contender;
    const target = { port: portOf(contender, calls[call].protocol), token };
    const load =
      call === "write"
        ? createWriteLoad(target)
        : call === "grpc"
          ? createH2load(tool ?? "", directory, target, answerBytes)
          : createWrk(tool ?? "", call, target);
    return { call, name, contender, load, measured: [] };
  } catch (error) {
    await contender.stop();
    throw new Error(`${name} does not do ${call} as it must`, { cause: error });
  }
}

function toolOf(call: Exclude<CallName, "write">) {
  return call === "grpc" ? "h2load" : "wrk";
}

function byCall(lanes: readonly Lane[]): Found {
  const found = new Map<CallName, Map<ContestantName, Measurement[]>>();
  for (const { call, name, measured } of lanes) {
    const ofCall = found.get(call) ?? new Map<ContestantName, Measurement[]>();
    found.set(call, ofCall.set(name, measured));
  }
  return found;
}
