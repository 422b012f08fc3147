import type http from "node:http";
import type { Socket } from "node:net";
import { Http1Connection } from "./http1/http1-connection.ts";
import { refusedFor } from "./malformed.ts";

/**
 * Hands the requests that an HTTP/1.1 server has parsed to their connections.
 *
 * @param refuse is called with the connection of a request that is not served, and of bytes that are not a request
 */
export function handOverRequests(
  server: http.Server,
  refuse: (socket: Socket, error: NodeJS.ErrnoException) => void,
): void {
  const arrive = (
    request: http.IncomingMessage,
    response: http.ServerResponse,
    awaitsContinue: boolean,
  ) => {
    const { socket, httpVersion } = request;
    if (httpVersion === "1.1" || httpVersion === "1.0") {
      Http1Connection.of(socket)?.arrive({ request, response, awaitsContinue });
    } else {
      refuse(socket, refusedFor("VERSION"));
    }
  };
  const arriveNow = (
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ) => {
    arrive(request, response, false);
  };
  server.on("request", arriveNow);
  server.on(
    "checkContinue",
    (request: http.IncomingMessage, response: http.ServerResponse) => {
      arrive(request, response, true);
    },
  );
  // A request with an unknown expectation is served as if it had none (RFC 9110, §10.1.1 allows that).
  server.on("checkExpectation", arriveNow);
  server.on("connect", (_request, socket: Socket) => {
    refuse(socket, refusedFor("CONNECT"));
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    refuse(socket, error);
  });
}
