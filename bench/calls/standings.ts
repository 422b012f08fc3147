import { aims, writeBesideRead } from "./aims.ts";
import type { CallName } from "./calls.ts";
import type { ContestantName } from "./contestants.ts";
import { contestants } from "./contestants.ts";
import { medians } from "./measure.ts";
import type { Measurement } from "./measure.ts";
import type { Found } from "./race.ts";

/** How a contestant stands in a call beside ours. */
export interface Standing {
  readonly title: string;
  readonly ours: boolean;
  readonly measured: Measurement;
  /** Its CPU time for each request over ours: how many times cheaper ours is. Undefined where either is not known. */
  readonly ratio: number | undefined;
  /** What the ratio shall be at least. */
  readonly aim: number | undefined;
}

/** How all stand in each call that was measured, ours first. */
export function standings(
  found: Found,
): ReadonlyMap<CallName, readonly Standing[]> {
  return new Map(
    [...found].map(([call, byName]) => [
      call,
      [
        ...[...byName].map(([name, measured]) => ({
          title: contestants[name].title,
          ours: name === "lockoutd",
          measured: medians(measured),
          ratio: name === "lockoutd" ? undefined : ratio(found, call, name),
          aim: aims[call][name],
        })),
        ...(call === "write" ? ownRead(found) : []),
      ],
    ]),
  );
}

function ownRead(found: Found): readonly Standing[] {
  const read = found.get("grpc")?.get("lockoutd");
  if (read === undefined) {
    return [];
  }
  return [
    {
      title: "lockoutd's own read",
      ours: false,
      measured: medians(read),
      ratio: ratioOf(read, found.get("write")?.get("lockoutd")),
      aim: writeBesideRead,
    },
  ];
}

function ratio(found: Found, call: CallName, name: ContestantName) {
  const byName = found.get(call);
  return ratioOf(byName?.get(name), byName?.get("lockoutd"));
}

function ratioOf(
  theirs: readonly Measurement[] | undefined,
  ours: readonly Measurement[] | undefined,
): number | undefined {
  const [their, our] = [theirs, ours].map(
    (measured) => measured && medians(measured).cpuMicros,
  );
  return their === undefined || our === undefined ? undefined : their / our;
}
