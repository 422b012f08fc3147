/**
 * Checks of what code without types passes. A wrong argument is a fault of the program and throws TypeError before anything is
 * asked or compared: `undefined` sent as a text would be one user "undefined" whom everybody shares, whose counter any success
 * clears. Texts of the caller are not repeated: they may be secret or personal.
 */

/** A character that is neither a blank (as U+2800 looks, too), nor invisible, nor a control character. */
const visible =
  /[^\p{White_Space}\u2800\p{Default_Ignorable_Code_Point}\p{Cc}]/u;

/** Throws TypeError unless it is a function. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== "function") {
    throw wrong(name, "a function", value);
  }
}

/** Throws TypeError unless it is a function or undefined. */
export function checkOptionalFunction(name: string, value: unknown): void {
  if (value !== undefined) {
    checkFunction(name, value);
  }
}

/** Throws TypeError unless it is true, false or undefined. */
export function checkOptionalBoolean(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") {
    throw wrong(name, "true or false", value);
  }
}

/** Throws TypeError unless it is an object. */
export function checkObject(
  name: string,
  value: unknown,
): asserts value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) {
    throw wrong(name, "an object", value);
  }
}

/** Throws TypeError unless it is a text, perhaps an empty one. */
export function checkText(
  name: string,
  value: unknown,
): asserts value is string {
  if (typeof value !== "string") {
    throw wrong(name, "a string", value);
  }
}

/** Throws TypeError unless it is a text or undefined. */
export function checkOptionalText(name: string, value: unknown): void {
  if (value !== undefined) {
    checkText(name, value);
  }
}

/**
 * Throws TypeError unless it is an id: a text with something to see in it. Half a surrogate pair has no form on the wire: ids that
 * differ by it would be one.
 */
export function checkId(name: string, value: unknown): asserts value is string {
  checkText(name, value);
  if (!visible.test(value)) {
    throw new TypeError(`${name} must be an id, not an empty or blank string`);
  }
  if (!value.isWellFormed()) {
    throw new TypeError(`${name} must not have half of a surrogate pair`);
  }
}

/** Throws TypeError unless it is a number of milliseconds, 0 or more, or undefined. Infinity is no limit. */
export function checkOptionalMs(name: string, value: unknown): void {
  if (value === undefined || (typeof value === "number" && value >= 0)) {
    return;
  }
  throw wrong(name, "milliseconds, 0 or more", value);
}

function wrong(name: string, expected: string, value: unknown): TypeError {
  return new TypeError(`${name} must be ${expected}, not ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) {
    return String(value);
  }
  if (typeof value === "number") {
    return `the number ${value}`;
  }
  return Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
}
