import { Code, ConnectError } from "@connectrpc/connect";
import { texts } from "../texts/shared.ts";

/** What went wrong with a call, for people. */
export function describeFailure(error: unknown): string {
  const { code, rawMessage } = ConnectError.from(error);
  switch (code) {
    case Code.Unauthenticated:
      return texts.tokenWrong;
    case Code.PermissionDenied:
      return `${texts.notPermitted} (${rawMessage})`;
    case Code.Unavailable:
    case Code.Unknown:
      return `${texts.serverAway} (${rawMessage})`;
    default:
      return rawMessage;
  }
}
