/** Forms in which bodies are read in another way than uncompressed ones: by Connect's own handlers. */
export const expectedFailures: ReadonlySet<string> = new Set([
  "gRPC json gzip HTTP/2",
  "gRPC json br late HTTP/2",
  "gRPC json by the REST path HTTP/2",
  "gRPC-Web json gzip HTTP/1.1",
  "gRPC-Web json text HTTP/1.1",
  "gRPC-Web json text br late HTTP/1.1",
  "gRPC-Web json by the REST path gzip HTTP/1.1",
  "Connect json gzip HTTP/1.1",
  "Connect json br HTTP/2",
  "Connect json GET gzip HTTP/1.1",
]);
