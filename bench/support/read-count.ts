/** The whole number that a flag was given. Throws where it is none, or less than `least`. */
export function readCount(flag: string, value: string, least = 1): number {
  const count = Number(value);
  if (value !== "" && Number.isSafeInteger(count) && count >= least) {
    return count;
  }
  throw new Error(
    `--${flag} takes a whole number, at least ${least}, not "${value}"`,
  );
}
