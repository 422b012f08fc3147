/** A connection to the inspector of another Node process. */
export interface Inspector {
  /** Calls a method of the inspector's protocol, and answers its result. */
  call(method: string): Promise<Readonly<Record<string, unknown>>>;
  close(): void;
}

/** @param port where the process was told to listen by `--inspect` */
export async function connectInspector(port: number): Promise<Inspector> {
  const response = await fetch(`http://127.0.0.1:${port}/json/list`);
  const [target] = (await response.json()) as {
    readonly webSocketDebuggerUrl: string;
  }[];
  if (target === undefined) {
    throw new Error("the inspector shows no process");
  }
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", () => {
      reject(new Error("the inspector cannot be reached"));
    });
  });
  let last = 0;
  return {
    call(method) {
      last += 1;
      const id = last;
      return new Promise((resolve, reject) => {
        const take = ({ data }: MessageEvent) => {
          const answer = JSON.parse(String(data)) as {
            readonly id?: number;
            readonly result?: Readonly<Record<string, unknown>>;
          };
          if (answer.id !== id) {
            return;
          }
          socket.removeEventListener("message", take);
          if (answer.result === undefined) {
            reject(new Error(`the inspector refuses ${method}`));
          } else {
            resolve(answer.result);
          }
        };
        socket.addEventListener("message", take);
        socket.send(JSON.stringify({ id, method }));
      });
    },
    close: () => {
      socket.close();
    },
  };
}
