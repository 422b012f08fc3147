import { once } from "node:events";
import { connect } from "node:http2";
import type { ClientHttp2Session } from "node:http2";

/** A form that is sent over HTTP/2. */
export interface StreamRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** So many streams a server lets a connection have. */
const streamsPerConnection = 100;

/**
 * Sends all requests before it waits for any response, by turns to these servers, over as many connections as that takes.
 *
 * @returns the statuses, in the order of the requests
 */
export async function sendTogether(
  urls: readonly string[],
  requests: readonly StreamRequest[],
): Promise<readonly number[]> {
  const count = Math.ceil(requests.length / streamsPerConnection);
  const connections = await Promise.all(
    Array.from({ length: count }, async (_each, place) => {
      const connection = connect(urls[place % urls.length] ?? "");
      await once(connection, "remoteSettings");
      return connection;
    }),
  );
  const statuses = await Promise.all(
    requests.map((request, place) => {
      const connection = connections[place % count];
      if (connection === undefined) {
        throw new Error("there is nothing to connect to");
      }
      return send(connection, request);
    }),
  );
  for (const connection of connections) {
    connection.close();
  }
  return statuses;
}

function send(
  connection: ClientHttp2Session,
  { path, headers, body }: StreamRequest,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = connection.request({
      ...{ ":method": "POST", ":path": path },
      "content-type": "application/x-www-form-urlencoded",
      ...headers,
    });
    let status = 0;
    stream.on("response", (response) => {
      status = response[":status"] ?? 0;
    });
    stream.on("close", () => {
      resolve(status);
    });
    stream.on("error", reject);
    stream.resume();
    stream.end(body);
  });
}
