import { randomBytes } from "node:crypto";
import { styleText } from "node:util";

/** What a text is, which decides how it looks. */
export type Style = keyof typeof formats;

/** What is needed to know of a stream. */
export type StyledStream = Partial<
  Pick<NodeJS.WriteStream, "isTTY" | "hasColors">
>;

const formats = {
  heading: "bold",
  good: "green",
  warning: "yellow",
  bad: "red",
  faint: "dim",
} as const;

// Between a text and its terminal stands what escapes all that could steer one. So a style is a mark, which that lets pass, and of which
// nobody outside knows how it is written.
const secret = randomBytes(8).toString("hex");
const marked = new RegExp(
  `\ufdd0${secret}(${Object.keys(formats).join("|")}):([^]*?)\ufdd1`,
  "g",
);

/** Marks a text with its style, where the stream is a terminal with colours, and NO_COLOR is not set. */
export function style(
  kind: Style,
  text: string,
  stream: StyledStream = process.stdout,
): string {
  // Node looks at NO_COLOR, FORCE_COLOR and TERM.
  const hasColors = stream.isTTY === true && stream.hasColors?.() === true;
  return hasColors ? `\ufdd0${secret}${kind}:${text}\ufdd1` : text;
}

/** Puts what a terminal understands in the place of marks. */
export function renderStyles(text: string): string {
  return text.replaceAll(marked, (_mark, kind: Style, inner: string) =>
    styleText(formats[kind], inner, { validateStream: false }),
  );
}
