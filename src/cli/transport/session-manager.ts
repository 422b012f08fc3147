import type { Http2Session } from "node:http2";
import { Http2SessionManager } from "@connectrpc/connect-node";

/**
 * Listens to the errors of its connections to their end. Without it, one that has just broken, and tells its error a moment
 * later, ends the process: Http2SessionManager stops to listen as soon as the next call is made, or at `abort`. The client's
 * package has the same.
 */
export class SessionManager extends Http2SessionManager {
  readonly #heard = new WeakSet<Http2Session>();

  override async request(
    ...call: Parameters<Http2SessionManager["request"]>
  ): ReturnType<Http2SessionManager["request"]> {
    const stream = await super.request(...call);
    const { session } = stream;
    if (session !== undefined && !this.#heard.has(session)) {
      this.#heard.add(session);
      // Whoever called hears it from the stream.
      session.on("error", () => undefined);
    }
    return stream;
  }
}
