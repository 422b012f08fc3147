import type { Answer } from "./store.ts";

/** Goes on with an answer: at once where it is at hand. */
export function afterAnswer<T, Next>(
  answer: Answer<T>,
  next: (value: T) => Answer<Next>,
): Answer<Next> {
  return answer instanceof Promise ? answer.then(next) : next(answer);
}
