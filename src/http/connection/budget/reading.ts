import type { Socket } from "node:net";

/** The part of a socket that reads. */
interface ReadHandle {
  readStart(): void;
  readStop(): void;
}

/** Reads nothing more of a connection, whose streams know nothing of it: Node reads a connection of HTTP/2 past its socket's `pause`. */
export function stopReading(socket: Socket): void {
  handleOf(socket)?.readStop();
}

/** Goes on after {@link stopReading}. */
export function startReading(socket: Socket): void {
  handleOf(socket)?.readStart();
}

function handleOf(socket: Socket): ReadHandle | null | undefined {
  return (socket as { readonly _handle?: ReadHandle | null })._handle;
}
