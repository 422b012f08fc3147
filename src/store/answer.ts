/**
 * What an engine may have at hand: for what every call asks, a promise would cost more than the answer. A failure is a rejection all
 * the same.
 */
export type Answer<T> = T | Promise<T>;

/** Goes on with an answer: at once where it is at hand. */
export function afterAnswer<T, Next>(
  answer: Answer<T>,
  next: (value: T) => Answer<Next>,
): Answer<Next> {
  return answer instanceof Promise ? answer.then(next) : next(answer);
}
