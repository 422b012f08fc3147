import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A cgroup with a limit on its memory. */
export interface MemoryGroup {
  /** Where a process writes its id to get in. */
  readonly processes: string;
  /** Call it when all its processes have ended. */
  remove(): void;
}

let made = 0;

/** Makes a cgroup, of version 1 or 2, below the one of this process. Undefined where the system does not let us. */
export function createMemoryGroup(bytes: number): MemoryGroup | undefined {
  made += 1;
  const name = `lockoutd-abuse-${process.pid}-${made}`;
  for (const { folder, limit } of parents()) {
    const path = join(folder, name);
    try {
      mkdirSync(path);
    } catch {
      continue;
    }
    const remove = () => {
      rmdirSync(path);
    };
    try {
      writeFileSync(join(path, limit), `${bytes}`, { flag: "r+" });
      return { processes: join(path, "cgroup.procs"), remove };
    } catch {
      remove();
    }
  }
  return undefined;
}

/** The folders below which there may be a cgroup for memory, and the name of the file with its limit. */
function parents(): readonly { folder: string; limit: string }[] {
  let own: string;
  try {
    own = readFileSync("/proc/self/cgroup", "utf8");
  } catch {
    return [];
  }
  const v1 = /^\d+:(?:\w+,)*memory(?:,\w+)*:(.*)$/m.exec(own)?.[1];
  const v2 = /^0::(.*)$/m.exec(own)?.[1];
  const folders = (root: string, path: string | undefined, limit: string) =>
    path === undefined
      ? []
      : [join(root, path), root].map((folder) => ({ folder, limit }));
  return [
    ...folders("/sys/fs/cgroup/memory", v1, "memory.limit_in_bytes"),
    ...folders("/sys/fs/cgroup", v2, "memory.max"),
  ];
}
