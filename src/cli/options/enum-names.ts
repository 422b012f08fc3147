import { InvalidArgumentError } from "commander";
import { didYouMean } from "./nearest.ts";

/** The names of an enum for people, such as `otp_sms` for FACTOR_OTP_SMS. */
export interface EnumNames {
  readonly names: readonly string[];
  /** Reads `otp_sms`, `otp-sms` or `FACTOR_OTP_SMS`. @throws InvalidArgumentError that lists the names */
  readonly parse: (text: string) => number;
}

/**
 * @param values the enum as it was generated, without the prefix of its names
 * @param prefix what its names begin with in JSON
 */
export function enumNames(
  values: Readonly<Record<string, string | number>>,
  prefix: string,
): EnumNames {
  const numbers = new Map<string, number>();
  for (const [name, value] of Object.entries(values)) {
    // The generated object leads from numbers to names too; 0 is that there is none.
    if (typeof value === "number" && value !== 0) {
      numbers.set(name.toLowerCase(), value);
    }
  }
  const names = [...numbers.keys()];
  return {
    names,
    parse: (text) => {
      const name = text
        .toLowerCase()
        .replaceAll("-", "_")
        .replace(new RegExp(`^${prefix.toLowerCase()}`), "");
      const value = numbers.get(name);
      if (value === undefined) {
        throw new InvalidArgumentError(
          `${didYouMean(name, names)}Write one of ${names.join(", ")}.`,
        );
      }
      return value;
    },
  };
}
