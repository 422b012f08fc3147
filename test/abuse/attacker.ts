/** A process that carries out one attack, in a session of its own, so that it has less claim to the CPU than what is measured. */
import { takeOrders } from "../../bench/support/worker.ts";
import type { Target } from "./attack.ts";
import { attacks } from "./attacks/all.ts";
import { idle } from "./attacks/idle.ts";
import { Tally } from "./tally.ts";
import type { TallyResult } from "./tally.ts";

export interface AttackOrder {
  readonly name: string;
  readonly step: "prepare" | "run";
  readonly target: Target;
}

export interface AttackResult extends TallyResult {
  readonly seconds: number;
  readonly faults: readonly string[];
}

takeOrders(
  async ({ name, step, target }: AttackOrder): Promise<AttackResult> => {
    const attack = [idle, ...attacks].find((one) => one.name === name);
    if (attack === undefined) {
      throw new Error(`there is no attack ${name}`);
    }
    const tally = new Tally();
    const began = performance.now();
    const faults =
      step === "prepare"
        ? await attack.prepare?.(target)
        : await attack.run(target, tally);
    const seconds = (performance.now() - began) / 1000;
    return { ...tally.close(), seconds, faults: faults ?? [] };
  },
);
