import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/**
 * Objects that were noted, and how many of them are held by something else. To count all objects of a class, as V8 can, goes through the
 * whole heap several times, which takes seconds in a process that runs many tests.
 */
export class HeldObjects {
  readonly #noted: WeakRef<object>[] = [];

  note(object: object): void {
    this.#noted.push(new WeakRef(object));
  }

  /** How many were noted. */
  get noted(): number {
    return this.#noted.length;
  }

  /** How many of them are held: to be asked in a turn of the event loop of its own, since an object that was noted is held for its turn. */
  count(): number {
    collectGarbage();
    return this.#noted.filter((noted) => noted.deref() !== undefined).length;
  }
}
