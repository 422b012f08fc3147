import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { openStore } from "../../../src/store/open.ts";
import { startServerProcess } from "../../support/server-process.ts";
import { hookClients } from "../stage.ts";
import { startReceiver } from "../receiver.ts";
import { startBadReceiver } from "./bad-receiver.ts";

/** How much torture. */
export interface TortureOptions {
  /** A database URL with nothing in it. */
  readonly database: string;
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
  /** Requests that began after DeleteHook had answered. */
  readonly afterDelete: number;
  readonly faults: readonly string[];
}

const token = "the-token-of-the-torture-administrator";
const types = ["user.locked", "user.unlocked"] as const;
const workers = 8;

/** Has a hook sent many events through a receiver that misbehaves, while the server is killed again and again. */
export async function torture({
  database,
  users,
  events,
  kills,
  onProgress = () => undefined,
}: TortureOptions): Promise<TortureReport> {
  const receiver = await startBadReceiver(300);
  const start = async () => {
    const file = database.replace(/^sqlite:/, "");
    const server = await startServerProcess(file, token, [
      ...["--hooks-allow-http", "--hooks-allow-private"],
      "--hooks-retry-schedule",
      ["0s", "10ms", ...Array<string>(30).fill("50ms")].join(","),
      ...["--log-level", "silent"],
    ]);
    return { server, calls: hookClients(server.url, token) };
  };
  let { server, calls } = await start();
  const ids = Array.from({ length: users }, (_, index) => `user-${index}`);
  const again = async (work: () => Promise<void>) => {
    for (;;) {
      try {
        await work();
        return;
      } catch (error) {
        // It was done before the server died: what it would change is so already.
        if (ConnectError.from(error).code === Code.FailedPrecondition) {
          return;
        }
        await delay(50);
      }
    }
  };
  for (const id of ids) {
    await again(() => calls.addUser(id));
  }
  const created = await calls.hooks.createInstanceHook(
    { url: receiver.url, eventTypes: [...types] },
    calls.on(),
  );
  const hookId = created.hook?.hookId ?? "";
  receiver.expect(created.secret);

  let made = 0;
  let killed = 0;
  let restarting: Promise<void> | undefined;
  const killOnce = async () => {
    killed += 1;
    await server.stop("SIGKILL");
    ({ server, calls } = await start());
    onProgress(`${made} events, killed ${killed} times`);
  };
  const work = async (own: readonly string[]) => {
    for (let round = 0; made < events; round += 1) {
      for (const id of own) {
        await again(() =>
          round % 2 === 0 ? calls.lock(id) : calls.unlock(id),
        );
        made += 1;
        if (made > ((killed + 1) * events) / (kills + 1) && killed < kills) {
          restarting ??= killOnce().finally(() => {
            restarting = undefined;
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
  await restarting;

  const store = await openStore(database, { exclusive: false });
  const log = await store.listEvents({
    ...{ ascending: true, limit: 1_000_000, types: [...types] },
  });
  await store.close();
  const missing = () =>
    log.filter(({ position }) => !receiver.accepted.has(position));
  const deadline = Date.now() + 60_000 + events * 20;
  while (missing().length > 0 && Date.now() < deadline) {
    await delay(200);
  }
  const faults = [
    ...receiver.faults,
    ...missing().map(({ position }) => `event ${position} never arrived`),
  ];

  // A last burst, in the middle of which the hook is deleted. Another hook says when all of it is read.
  const control = await startReceiver();
  await calls.hooks.createInstanceHook(
    { url: control.url, eventTypes: ["user.removed"] },
    calls.on(),
  );
  const some = ids.slice(0, 40);
  const burst = Promise.all(some.map((id) => again(() => calls.lock(id))));
  await calls.hooks.deleteInstanceHook({ hookId }, calls.on());
  const before = receiver.count();
  await burst;
  for (const [index, userId] of some.slice(0, 5).entries()) {
    await calls.users.deleteUser({ userId }, calls.on());
    await control.until(index + 1);
  }
  const afterDelete = receiver.count() - before;
  await server.stop("SIGTERM");
  await control.close();
  const report = {
    ...{ events: log.length, accepted: receiver.accepted.size },
    ...{ requests: receiver.count(), kills: killed, afterDelete },
    faults,
  };
  await receiver.close();
  return report;
}
