import { setTimeout as delay } from "node:timers/promises";
import { DisableReason } from "../../../gen/lockout/v1/hook_service_pb.js";
import { openStore } from "../../../src/store/open.ts";
import { startReceiver } from "../receiver.ts";
import { startBadReceiver } from "./bad-receiver.ts";
import type { BadReceiver } from "./bad-receiver.ts";
import { startNodes } from "./nodes.ts";
import type { Nodes } from "./nodes.ts";

/** How much torture. */
export interface TortureOptions {
  /** A database URL with nothing in it. */
  readonly database: string;
  /** How many servers work on it. */
  readonly nodes: number;
  readonly users: number;
  readonly events: number;
  /** How often the node that sends is killed. */
  readonly kills: number;
  /** Told how far it is. */
  readonly onProgress?: (line: string) => void;
}

/** What came of it. */
export interface TortureReport {
  /** Events in the log, and those that were accepted. */
  readonly events: number;
  readonly accepted: number;
  readonly requests: number;
  readonly kills: number;
  /** The longest time from the death of the node that sent to the next request, in seconds: another has the lease then. */
  readonly longestPause: number;
  /** Requests that began after DeleteHook had answered. */
  readonly afterDelete: number;
  /** Requests that began after a hook was disabled by 410. */
  readonly afterGone: number;
  readonly faults: readonly string[];
}

const types = ["user.locked", "user.unlocked"] as const;
const workers = 8;
const flags = [
  ...["--hooks-allow-http", "--hooks-allow-private"],
  "--hooks-retry-schedule",
  ["0s", "10ms", ...Array<string>(30).fill("50ms")].join(","),
  ...["--log-level", "silent"],
];

/** Has a hook sent many events through a receiver that misbehaves, while the server is killed again and again. */
export async function torture(options: TortureOptions): Promise<TortureReport> {
  const receiver = await startBadReceiver(300);
  const nodes = await startNodes(options.database, options.nodes, flags);
  const ids = Array.from({ length: options.users }, (_, i) => `user-${i}`);
  for (const id of ids) {
    await nodes.done((calls) => calls.addUser(id));
  }
  const calls = nodes.calls();
  const { hook, secret } = await calls.hooks.createInstanceHook(
    { url: receiver.url, eventTypes: [...types] },
    calls.on(),
  );
  receiver.expect(secret);
  const longestPause = await makeEvents(options, nodes, receiver, ids);

  const log = await readLog(options.database);
  const missing = () =>
    log.filter((position) => !receiver.accepted.has(position));
  const deadline = Date.now() + 60_000 + options.events * 20;
  while (missing().length > 0 && Date.now() < deadline) {
    await delay(200);
  }
  const faults = [
    ...receiver.faults,
    ...missing().map((position) => `event ${position} never arrived`),
  ];
  const requests = receiver.count();
  const accepted = receiver.accepted.size;
  const control = await startControl(nodes);
  const afterDelete = await deleteAmid(
    ...([nodes, hook?.hookId ?? "", receiver] as const),
    ...([ids.slice(0, 40), control] as const),
  );
  const afterGone = await goneAmid(nodes, ids.slice(40), control);
  await nodes.close();
  await control.close();
  await receiver.close();
  return {
    ...{ events: log.length, accepted, requests, kills: options.kills },
    ...{ longestPause, afterDelete, afterGone, faults },
  };
}

/** Locks and unlocks users, and kills the node that sends now and then. Returns the longest pause, in seconds. */
async function makeEvents(
  { events, kills, onProgress = () => undefined }: TortureOptions,
  nodes: Nodes,
  receiver: BadReceiver,
  ids: readonly string[],
): Promise<number> {
  let made = 0;
  let killed = 0;
  let longestPause = 0;
  let killing: Promise<void> | undefined;
  const killOnce = async () => {
    killed += 1;
    await nodes.killSender(async () => {
      const [began, before] = [performance.now(), receiver.count()];
      while (receiver.count() === before) {
        await delay(10);
      }
      const pause = (performance.now() - began) / 1000;
      longestPause = Math.max(longestPause, pause);
      onProgress(
        `${made} events, killed ${killed} times, sent again after ${pause.toFixed(1)} s`,
      );
    });
  };
  const work = async (own: readonly string[]) => {
    for (let round = 0; made < events || killed < kills; round += 1) {
      for (const id of own) {
        await nodes.done((calls) =>
          round % 2 === 0 ? calls.lock(id) : calls.unlock(id),
        );
        made += 1;
        if (made > ((killed + 1) * events) / (kills + 1) && killed < kills) {
          killing ??= killOnce().finally(() => {
            killing = undefined;
          });
        }
      }
    }
  };
  await Promise.all(
    Array.from({ length: workers }, (_, worker) =>
      work(ids.filter((_id, index) => index % workers === worker)),
    ),
  );
  await killing;
  return longestPause;
}

/** The positions of all that is to be sent. */
async function readLog(database: string): Promise<readonly number[]> {
  const store = await openStore(database, { exclusive: false });
  const log = await store.listEvents({
    ...{ ascending: true, limit: 1_000_000, types: [...types] },
  });
  await store.close();
  return log.map(({ position }) => position);
}

/** A hook that says how far the log is read. */
interface Control {
  /** Waits until all is read that is in the log by now, and what was sent before is there. */
  pass(): Promise<void>;
  close(): Promise<void>;
}

async function startControl(nodes: Nodes): Promise<Control> {
  const receiver = await startReceiver();
  const calls = nodes.calls();
  await calls.hooks.createInstanceHook(
    { url: receiver.url, eventTypes: ["user.human.added"] },
    calls.on(),
  );
  let passed = 0;
  return {
    pass: async () => {
      passed += 1;
      await calls.addUser(`control-${passed}`);
      await receiver.until(passed);
    },
    close: () => receiver.close(),
  };
}

/** A burst, in the middle of which the hook is deleted; returns how many requests began after that. */
async function deleteAmid(
  nodes: Nodes,
  hookId: string,
  receiver: BadReceiver,
  ids: readonly string[],
  control: Control,
): Promise<number> {
  const calls = nodes.calls();
  const burst = Promise.all(
    ids.map((id) => nodes.done((some) => some.lock(id))),
  );
  await calls.hooks.deleteInstanceHook({ hookId }, calls.on());
  const before = receiver.count();
  await burst;
  await control.pass();
  return receiver.count() - before;
}

/** A receiver that says 410 after some events; returns how many requests began after its hook was disabled. */
async function goneAmid(
  nodes: Nodes,
  ids: readonly string[],
  control: Control,
): Promise<number> {
  const receiver = await startReceiver();
  const calls = nodes.calls();
  const { hook } = await calls.hooks.createInstanceHook(
    { url: receiver.url, eventTypes: [...types] },
    calls.on(),
  );
  receiver.respond = (_request, _response, count) => (count < 4 ? 204 : 410);
  const both = async (id: string) => {
    await nodes.done((some) => some.lock(id));
    await nodes.done((some) => some.unlock(id));
  };
  await Promise.all(ids.map(both));
  const read = () =>
    calls.hooks.getInstanceHook({ hookId: hook?.hookId ?? "" }, calls.on());
  while ((await read()).disableReason !== DisableReason.GONE) {
    await delay(20);
  }
  await control.pass();
  const before = receiver.received.length;
  await Promise.all(ids.map(both));
  await control.pass();
  await receiver.close();
  return receiver.received.length - before;
}
