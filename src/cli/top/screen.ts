import { emitKeypressEvents } from "node:readline";
import type { Key } from "./state.ts";

/** A terminal that is drawn on. */
export interface Screen {
  readonly width: () => number;
  readonly height: () => number;
  /** Shows these lines, which steer nothing by themselves. */
  draw(lines: readonly string[]): void;
  /** Gives the terminal back as it was. */
  close(): void;
}

const escape = "\u001b[";
const begin = `${escape}?1049h${escape}?25l`;
const end = `${escape}?25h${escape}?1049l`;

/** Takes the terminal: another screen, without a cursor, that hears of each key. */
export function openScreen(
  onKey: (key: Key) => void,
  onResize: () => void,
): Screen {
  const { stdin, stdout } = process;
  const take = (text: string | undefined, key: Key) => {
    onKey({ name: key.name, ctrl: key.ctrl ?? false, text });
  };
  const restore = () => {
    stdout.write(end);
  };
  emitKeypressEvents(stdin);
  stdin.setRawMode(true);
  stdin.resume();
  stdin.on("keypress", take);
  stdout.on("resize", onResize);
  stdout.write(begin);
  // However the process ends, the terminal is as it was.
  process.once("exit", restore);
  return {
    width: () => stdout.columns,
    height: () => stdout.rows,
    draw: (lines) => {
      const text = lines.map((line) => `${line}${escape}K`).join("\r\n");
      stdout.write(`${escape}H${text}${escape}J`);
    },
    close: () => {
      process.off("exit", restore);
      restore();
      stdout.off("resize", onResize);
      stdin.off("keypress", take);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
