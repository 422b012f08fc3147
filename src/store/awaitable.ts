/**
 * A value, or a promise of it. An engine returns what it has at hand without a promise, which would cost more than the look-up: each
 * call asks for a token, an organisation and a policy. A failure is a rejected promise in either case.
 */
export type Awaitable<T> = T | Promise<T>;

/** Continues with a value: at once where it is at hand. */
export function andThen<T, Next>(
  value: Awaitable<T>,
  next: (value: T) => Awaitable<Next>,
): Awaitable<Next> {
  return value instanceof Promise ? value.then(next) : next(value);
}
