import { once } from "node:events";
import { connect } from "node:net";
import { connectionsFor, userIdOf } from "./driver.ts";
import type { PairDriver } from "./driver.ts";

const limit = 5;
const ttlSeconds = 660;

/** Takes a chance. Answers 1 to go on. */
const beginScript = `
local user = redis.call('HMGET', KEYS[1], 'failed', 'open', 'locked')
if user[3] then return 0 end
if tonumber(user[2] or 0) >= math.max(tonumber(ARGV[1]) - tonumber(user[1] or 0), 1) then return 0 end
redis.call('HINCRBY', KEYS[1], 'open', 1)
redis.call('SET', KEYS[2], KEYS[1], 'EX', ARGV[2])
return 1`;

/** Gives the chance back or counts it, and writes the event. Answers 1 where it was open. */
const completeScript = `
if redis.call('GET', KEYS[2]) ~= KEYS[1] then return 0 end
redis.call('HINCRBY', KEYS[1], 'open', -1)
if ARGV[1] == 'succeeded' then
  redis.call('HSET', KEYS[1], 'failed', 0)
elseif redis.call('HINCRBY', KEYS[1], 'failed', 1) >= tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], 'locked', 1)
end
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[3])
redis.call('XADD', KEYS[3], '*', 'user', KEYS[1], 'type', ARGV[1])
return 1`;

/** Drives Redis with a script for each half of a pair; what waits together goes out together. */
export async function driveRedis(
  { port }: { readonly port: number },
  inFlight: number,
): Promise<PairDriver> {
  const connections = await Promise.all(
    Array.from({ length: connectionsFor(inFlight) }, () =>
      openConnection(port),
    ),
  );
  const [first] = connections;
  if (first === undefined) {
    throw new Error("there is no connection");
  }
  const begin = await first.send("SCRIPT", "LOAD", beginScript);
  const complete = await first.send("SCRIPT", "LOAD", completeScript);
  let turn = 0;
  let attempts = 0;
  // Attempts of two runs must not meet.
  const run = Date.now().toString(36);
  return {
    pair: async (user, outcome) => {
      turn = (turn + 1) % connections.length;
      const { send } = connections[turn] ?? first;
      attempts += 1;
      const keys = [`user:${userIdOf(user)}`, `attempt:${run}:${attempts}`];
      const begun = await send(
        ...["EVALSHA", begin, "2", ...keys],
        ...[`${limit}`, `${ttlSeconds}`],
      );
      const completed = await send(
        ...["EVALSHA", complete, "3", ...keys, "events"],
        ...[outcome, `${limit}`, `${ttlSeconds}`],
      );
      if (begun !== "1" || completed !== "1") {
        throw new Error("an attempt was refused");
      }
    },
    close: async () => {
      for (const { close } of connections) {
        close();
      }
    },
  };
}

interface RedisConnection {
  /** Sends a command; resolves with its answer, a number or a text on one line. */
  readonly send: (...words: string[]) => Promise<string>;
  readonly close: () => void;
}

/** As much of the protocol as the answers of the scripts need. */
async function openConnection(port: number): Promise<RedisConnection> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.setNoDelay();
  socket.setEncoding("utf8");
  const waiting: {
    resolve: (answer: string) => void;
    reject: (error: Error) => void;
  }[] = [];
  let outgoing = "";
  let rest = "";
  socket.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      // A text comes with its length on a line before it.
      if (line.startsWith("$")) {
        continue;
      }
      const next = waiting.shift();
      if (line.startsWith("-")) {
        next?.reject(new Error(line.slice(1)));
      } else {
        next?.resolve(line.replace(/^[:+]/, ""));
      }
    }
  });
  return {
    send: (...words) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        if (outgoing === "") {
          setImmediate(() => {
            socket.write(outgoing);
            outgoing = "";
          });
        }
        outgoing += `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
      }),
    close: () => {
      socket.destroy();
    },
  };
}
