import type { Page } from "playwright-core";
import { expect } from "vitest";

/** The most key presses beside typed text, and seconds, that a task may take. */
const bounds = { presses: 12, seconds: 10 } as const;

/** What somebody does by keyboard, counted. */
export interface CountedTask {
  press(key: string): Promise<void>;
  /** Typed text is not counted. */
  type(text: string): Promise<void>;
  /** Prints what it took, and holds it against the bounds. */
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
      console.log(
        `${name}: ${presses.length} key presses, ${seconds.toFixed(1)} s`,
      );
      expect(presses.length).toBeLessThanOrEqual(bounds.presses);
      expect(seconds).toBeLessThan(bounds.seconds);
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
