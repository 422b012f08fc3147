import { BeginTurns } from "../../src/http/connection/budget/begin-turns.ts";

/** Lets nothing begin until it is told to. */
export class HeldTurns extends BeginTurns {
  readonly held: (() => void)[] = [];

  override begin(
    _network: string,
    _weight: number,
    begin: () => void,
  ): boolean {
    this.held.push(begin);
    return false;
  }
}
