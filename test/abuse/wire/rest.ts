import http from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";
import type { Target } from "../attack.ts";

/** A JSON response. */
export interface JsonResponse {
  readonly status: number;
  readonly body: unknown;
}

/** Makes calls as an honest client does, to prepare an attack or to look at what it did. */
export interface JsonClient {
  call(method: string, path: string, body?: unknown): Promise<JsonResponse>;
  /** The body of the response to a call that must succeed. Rejects where it does not. */
  must(method: string, path: string, body?: unknown): Promise<unknown>;
  close(): void;
}

export function openClient({
  port,
  token,
  tls = false,
}: Pick<Target, "port" | "token"> & { readonly tls?: boolean }): JsonClient {
  const { request, Agent } = tls ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const call: JsonClient["call"] = async (method, path, body) => {
    const content = body === undefined ? "" : JSON.stringify(body);
    const response = await new Promise<http.IncomingMessage>(
      (resolve, reject) => {
        const headers = {
          authorization: `Bearer ${token}`,
          ...(content !== "" && {
            "content-type": "application/json",
            "content-length": Buffer.byteLength(content),
          }),
        };
        const where = { host: "127.0.0.1", port, method, path };
        request({ ...where, headers, agent, rejectUnauthorized: false })
          .on("response", resolve)
          .on("error", reject)
          .end(content);
      },
    );
    const received = await text(response);
    return {
      status: response.statusCode ?? 0,
      body: received === "" ? undefined : (JSON.parse(received) as unknown),
    };
  };
  return {
    call,
    must: async (method, path, body) => {
      const response = await call(method, path, body);
      if (response.status === 200) {
        return response.body;
      }
      const reason = JSON.stringify(response.body);
      throw new Error(`${method} ${path}: ${response.status} ${reason}`);
    },
    close: () => {
      agent.destroy();
    },
  };
}
