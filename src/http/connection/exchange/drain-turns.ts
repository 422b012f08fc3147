/** So many bodies that nobody wants go on in one turn of the event loop, with a piece of up to 64 KiB each: half a millisecond together. */
const drainsPerTurn = 8;

const waiting: (() => void)[] = [];

/**
 * Has a body that is read only to be dropped go on when it is its turn. All others are read in each turn, however much hundreds of
 * clients send to requests that were refused.
 *
 * @param goOn reads its next piece
 */
export function drainInTurn(goOn: () => void): void {
  if (waiting.push(goOn) === 1) {
    setImmediate(drainNext);
  }
}

function drainNext(): void {
  for (const goOn of waiting.splice(0, drainsPerTurn)) {
    goOn();
  }
  if (waiting.length > 0) {
    setImmediate(drainNext);
  }
}
