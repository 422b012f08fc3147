/** The longest delay of a timer in JavaScript, in milliseconds: a longer one would fire at once. */
export const maxTimerMs = 2 ** 31 - 1;
