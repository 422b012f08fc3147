import { frameType } from "../../http/raw-http2.ts";

/** The frames of HTTP/2 in bytes, as `type` and, where there is one, the error code. */
function describeFrames(bytes: Buffer): readonly string[] {
  const frames: string[] = [];
  for (let at = 0; at + 9 <= bytes.length;) {
    const length = bytes.readUIntBE(at, 3);
    const type = bytes.readUInt8(at + 3);
    const payload = bytes.subarray(at + 9, at + 9 + length);
    if (type === frameType.rstStream && payload.length === 4) {
      frames.push(`${type}:${payload.readUInt32BE()}`);
    } else if (type === frameType.goaway && payload.length >= 8) {
      frames.push(`${type}:${payload.readUInt32BE(4)}`);
    } else if (type === frameType.headers) {
      frames.push(`${type}:${payload[0] ?? ""}`);
    } else {
      frames.push(String(type));
    }
    at += 9 + length;
  }
  return frames;
}

/** What kind of answer this is: inputs with the same kind are likely to have gone the same way through the server. */
export function kindOfAnswer(answer: Buffer): string {
  const text = answer.toString("latin1");
  if (answer.length === 0) {
    return "none";
  }
  if (!text.startsWith("HTTP/1.")) {
    return `h2 ${[...new Set(describeFrames(answer))].join(" ")}`;
  }
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+) /g)];
  const details = [...text.matchAll(/(?:grpc-status: ?|"code": ?)("?\w+)/gi)];
  return `h1 ${[...statuses, ...details].map(([, found]) => found).join(" ")}`;
}

/** Answers over HTTP/1.1 that say that the server itself is at fault. */
export function findInternalErrors(answer: Buffer): readonly string[] {
  return answer
    .toString("latin1")
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .filter(
      (one) =>
        one.startsWith("HTTP/1.1 500 ") &&
        // Connect's library takes bytes that are no protobuf for its own fault.
        !one.includes('{"code":"internal","message":"parse binary: '),
    );
}
