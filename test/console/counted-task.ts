import type { Page } from "playwright-core";
import { expect } from "vitest";
import { note } from "./figures-of-time.ts";

/** The most key presses beside typed text, and seconds, that a task may take. */
const bounds = { presses: 12, seconds: 10 } as const;

/** What somebody does by keyboard, counted. */
export interface CountedTask {
  press(key: string): Promise<void>;
  /** Typed text is not counted. */
  type(text: string): Promise<void>;
  /** Holds what it took against the bounds: seconds in the benchmark alone. */
  end(): void;
}

/** Counts from now on. */
export function countTask(page: Page, name: string): CountedTask {
  const begin = performance.now();
  const presses: string[] = [];
  return {
    press: async (key) => {
      presses.push(key);
      await page.keyboard.press(key);
    },
    type: (text) => page.keyboard.insertText(text),
    end: () => {
      const seconds = (performance.now() - begin) / 1000;
      expect(presses.length).toBeLessThanOrEqual(bounds.presses);
      note({
        ...{ name, value: presses.length, unit: "key presses" },
        bound: bounds.presses + 1,
      });
      note({ name, value: seconds, unit: "s", bound: bounds.seconds });
    },
  };
}

/** Waits until what has a name has the focus. */
export async function focused(page: Page, name: string): Promise<void> {
  await expect
    .poll(() =>
      page.evaluate(
        "document.activeElement.ariaLabel ?? document.activeElement.textContent.trim()",
      ),
    )
    .toBe(name);
}
