/** The fewest characters that an operator's secret may have: 32 of random hexadecimal digits are 128 bits. */
const minLength = 32;

/** Fewer different characters than this are one key that was held down, and not chosen at random. */
const minDifferent = 6;

/** What a template leaves behind that was not filled in: `${TOKEN}`, `$(command)`, `{{ token }}`, `<token>`. */
const placeholder = /^(\$\{.*\}|\$\(.*\)|\{\{.*\}\}|<.*>)$/;

const advice = "such as the 64 characters that `openssl rand -hex 32` prints";

/**
 * Why a secret is too weak for the administrator's token; undefined where it is not. Whoever guesses it can do everything, and guesses of
 * tokens have no limit. The text never has the secret.
 */
export function findAdminTokenFault(secret: string): string | undefined {
  if (!/^[\x21-\x7e]*$/.test(secret)) {
    return `cannot be sent in a header: use printable ASCII without blanks, ${advice}`;
  }
  if (secret.length < minLength) {
    return `has ${secret.length} characters, but it needs ${minLength} or more, chosen at random: ${advice}`;
  }
  if (placeholder.test(secret) || new Set(secret).size < minDifferent) {
    return `is a placeholder: use a secret that was chosen at random, ${advice}`;
  }
  return undefined;
}
