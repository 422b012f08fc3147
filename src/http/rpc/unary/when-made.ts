/** Goes on at once where a value is there, so that most calls wait for no turn. */
export function whenMade<T>(
  made: T | Promise<T>,
  done: (value: T) => void,
  failed: (reason: unknown) => void,
): void {
  if (made instanceof Promise) {
    made.then(done, failed);
  } else {
    done(made);
  }
}
