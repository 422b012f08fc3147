import { readdir, readFile, readlink } from "node:fs/promises";

/** Where Linux lists the sockets of its network. */
const tables = ["/proc/net/tcp", "/proc/net/tcp6"];

/** The state of a socket that listens. */
const listening = "0A";

interface Listening {
  /** Address and port, in hexadecimal digits. */
  readonly local: string;
  readonly inode: string;
}

/**
 * Whether another process listens on an address and port on which this one does: the system lets several processes of one user share them.
 *
 * @param port on which this process listens
 * @returns false where the system does not tell
 */
export async function isShared(port: number): Promise<boolean> {
  try {
    const own = await ownSockets();
    const all = (await Promise.all(tables.map(readTable))).flat();
    const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
    const atPort = all.filter(({ local }) => local.endsWith(suffix));
    const addresses = new Set(
      atPort.filter(({ inode }) => own.has(inode)).map(({ local }) => local),
    );
    return atPort.some(
      ({ local, inode }) => addresses.has(local) && !own.has(inode),
    );
  } catch {
    return false;
  }
}

/** The inodes of the sockets of this process. */
async function ownSockets(): Promise<Set<string>> {
  const directory = "/proc/self/fd";
  const links = await Promise.all(
    (await readdir(directory)).map((fd) =>
      // The one by which the directory is read is closed by now.
      readlink(`${directory}/${fd}`).catch(() => ""),
    ),
  );
  return new Set(
    links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []),
  );
}

async function readTable(path: string): Promise<readonly Listening[]> {
  // Without IPv6 there is no table of it.
  const text = await readFile(path, "latin1").catch(() => "");
  return text.split("\n").flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === listening && local !== undefined && inode !== undefined
      ? { local, inode }
      : [];
  });
}
