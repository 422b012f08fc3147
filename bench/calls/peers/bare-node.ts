/** Node's own servers, which answer the same bytes whatever comes: what no service on Node can be faster than. */
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { policyFrame, policyJson } from "./answers.ts";
import { announce, expectedAuthorization, listen } from "./peer-process.ts";

const expected = expectedAuthorization();
const frame = policyFrame();
const json = Buffer.from(JSON.stringify(policyJson));

const http2 = createHttp2Server();
http2.on("stream", (stream, headers) => {
  stream.resume();
  if (headers.authorization !== expected) {
    stream.respond({ ":status": 401 }, { endStream: true });
    return;
  }
  stream.respond(
    { ":status": 200, "content-type": "application/grpc" },
    { waitForTrailers: true },
  );
  stream.on("wantTrailers", () => {
    stream.sendTrailers({ "grpc-status": "0" });
  });
  stream.end(frame);
});

const http = createServer((request, response) => {
  request.resume();
  if (request.headers.authorization !== expected) {
    response.writeHead(401).end();
    return;
  }
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": json.length,
  });
  response.end(json);
});

const port = await listen(http);
announce({ grpc: await listen(http2), connect: port, rest: port });
