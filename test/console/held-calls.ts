import type { Page, Request, Route } from "playwright-core";

/** A call whose request waits in the browser. */
interface HeldCall {
  /** Lets it go to the server. */
  go(): void;
  /** Lets it go to the server, and waits until the page has the response or has given the call up. */
  release(): Promise<void>;
}

/** Calls that wait until the test lets them go, in the order that it wants. */
interface HeldCalls {
  /** The next call whose request has a text, as soon as it is made. What the page asks for by itself meanwhile goes on. */
  next(text?: string): Promise<HeldCall>;
  /** Holds no more, and lets the page show what it has been given. */
  end(): Promise<void>;
}

/** Holds all calls of a method that are made from now on. */
export async function hold(page: Page, method: string): Promise<HeldCalls> {
  const address = `**/*Service/${method}`;
  const waiting: Route[] = [];
  const takers: ((route: Route) => void)[] = [];
  const over = new Map<Request, () => void>();
  const ended = new Set<Request>();
  const end = (request: Request) => {
    ended.add(request);
    over.get(request)?.();
  };
  page.on("requestfinished", end);
  page.on("requestfailed", end);
  await page.route(address, (route) => {
    const taker = takers.shift();
    if (taker === undefined) {
      waiting.push(route);
    } else {
      taker(route);
    }
  });
  const take = () =>
    new Promise<Route>((resolve) => {
      const route = waiting.shift();
      if (route === undefined) {
        takers.push(resolve);
      } else {
        resolve(route);
      }
    });
  return {
    next: async (text = "") => {
      let route = await take();
      while (!(route.request().postData() ?? "").includes(text)) {
        await route.continue();
        route = await take();
      }
      const request = route.request();
      return {
        go: () => {
          void route.continue();
        },
        release: async () => {
          if (!ended.has(request)) {
            const done = new Promise<void>((resolve) => {
              over.set(request, resolve);
            });
            await route.continue();
            await done;
          }
        },
      };
    },
    end: async () => {
      page.off("requestfinished", end);
      page.off("requestfailed", end);
      await page.unroute(address);
      // What came is rendered before the second frame.
      await page.evaluate(
        "new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))",
      );
    },
  };
}
