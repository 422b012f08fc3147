import { LockoutError } from "../lockout/errors/errors.ts";
import { StoreUnavailableError } from "../store/store.ts";
import { OAuthError } from "./oauth-error.ts";

/** A request to a handler. */
export interface OAuthRequest {
  readonly method: string;
  /** As the client wrote it: `Host` or `:authority`. */
  readonly host: string | undefined;
  readonly contentType: string;
  readonly contentEncoding: string | undefined;
  /** The values of the header fields named Authorization. */
  readonly authorization: readonly string[];
  /** Where the client calls from, behind trusted proxies: an IPv4 address, or a /64 network of IPv6. */
  readonly clientNetwork: string;
  /** The complete body; undefined where it was longer than it may be. */
  readonly body: Uint8Array | undefined;
}

/** What is sent back. */
export interface OAuthResponse {
  readonly status: number;
  readonly header: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A handler at a fixed path. */
export interface OAuthHandler {
  readonly path: string;
  readonly methods: readonly ("GET" | "POST")[];
  /** The most of a body that is read, in bytes. */
  readonly maxBodyBytes: number;
  readonly respond: (
    request: OAuthRequest,
  ) => OAuthResponse | Promise<OAuthResponse>;
}

/** JSON that no cache keeps. */
export function jsonResponse(
  value: unknown,
  status = 200,
  header: Readonly<Record<string, string>> = {},
): OAuthResponse {
  return {
    status,
    header: {
      "content-type": "application/json",
      "cache-control": "no-store",
      ...header,
    },
    body: JSON.stringify(value),
  };
}

/** Has a response made, and turns refusals into the responses of RFC 6749, §5.2; what else is thrown is thrown on. */
export async function withOAuthErrors(
  respond: () => Promise<OAuthResponse>,
): Promise<OAuthResponse> {
  try {
    return await respond();
  } catch (error) {
    if (error instanceof OAuthError) {
      return errorResponse(error);
    }
    if (error instanceof StoreUnavailableError) {
      return unavailableResponse("the store cannot be used at the moment");
    }
    if (error instanceof LockoutError && error.entry.code === "UNAVAILABLE") {
      return unavailableResponse(error.entry.key);
    }
    throw error;
  }
}

function unavailableResponse(description: string): OAuthResponse {
  return jsonResponse(
    { error: "temporarily_unavailable", error_description: description },
    503,
  );
}

function errorResponse({ code, message }: OAuthError): OAuthResponse {
  const body = { error: code, error_description: message };
  switch (code) {
    case "invalid_client":
      // zitadel-go asks again with the secret in the body.
      return jsonResponse(body, 401, {
        "www-authenticate": 'Basic realm="lockoutd"',
      });
    case "invalid_token":
      return jsonResponse(body, 401, {
        "www-authenticate": 'Bearer realm="lockoutd", error="invalid_token"',
      });
    default:
      return jsonResponse(body, 400);
  }
}
