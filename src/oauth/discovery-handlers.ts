import type { Authenticate } from "../auth/authenticate.ts";
import type { Identity } from "../auth/identity.ts";
import type { SigningKey, SigningKeys } from "../auth/signing-keys.ts";
import { LockoutError } from "../lockout/errors/errors.ts";
import { withOAuthErrors, jsonResponse } from "./handler.ts";
import type { OAuthHandler } from "./handler.ts";
import type { Issuer } from "./issuer.ts";
import { OAuthError } from "./oauth-error.ts";
import { audienceScope } from "./scopes.ts";

/** Named in the discovery document, since clients want to read them there, and not served: people do not log in here. */
const notServed = {
  authorization_endpoint: "/oauth/v2/authorize",
  end_session_endpoint: "/oidc/v1/end_session",
  device_authorization_endpoint: "/oauth/v2/device_authorization",
} as const;

const userinfoPath = "/oidc/v1/userinfo";
const keysPath = "/oauth/v2/keys";

/** `GET /.well-known/openid-configuration`, the set of keys, userinfo, and the endpoints that are named alone. */
export function createDiscoveryHandlers(
  issuer: Issuer,
  authenticate: Authenticate,
  signingKeys: Pick<SigningKeys, "list">,
): readonly OAuthHandler[] {
  return [
    {
      path: "/.well-known/openid-configuration",
      methods: ["GET"],
      maxBodyBytes: 0,
      respond: ({ host }) => jsonResponse(describe(issuer.of(host))),
    },
    {
      path: keysPath,
      methods: ["GET"],
      maxBodyBytes: 0,
      respond: () =>
        withOAuthErrors(async () => {
          const keys = await signingKeys.list();
          return jsonResponse({ keys: keys.map(describeKey) }, 200, {
            "cache-control": "max-age=300, must-revalidate",
          });
        }),
    },
    {
      path: userinfoPath,
      methods: ["GET", "POST"],
      maxBodyBytes: 0,
      respond: ({ authorization }) =>
        withOAuthErrors(async () => {
          const { id, name, accessToken } = await identify(
            authenticate,
            authorization,
          );
          if (accessToken === undefined) {
            throw new OAuthError("invalid_token", "this is no access token");
          }
          return jsonResponse({ sub: id, name, preferred_username: name });
        }),
    },
    ...Object.values(notServed).map((path): OAuthHandler => ({
      path,
      methods: ["GET", "POST"],
      maxBodyBytes: 0,
      respond: () =>
        jsonResponse(
          {
            error: "unsupported_response_type",
            error_description: "people do not log in here",
          },
          400,
        ),
    })),
  ];
}

function describe(issuer: string) {
  const authMethods = ["client_secret_basic", "client_secret_post"];
  const introspectionMethods = [...authMethods, "private_key_jwt"];
  return {
    issuer,
    token_endpoint: `${issuer}/oauth/v2/token`,
    introspection_endpoint: `${issuer}/oauth/v2/introspect`,
    revocation_endpoint: `${issuer}/oauth/v2/revoke`,
    userinfo_endpoint: `${issuer}${userinfoPath}`,
    jwks_uri: `${issuer}${keysPath}`,
    ...Object.fromEntries(
      Object.entries(notServed).map(([name, path]) => [
        name,
        `${issuer}${path}`,
      ]),
    ),
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    grant_types_supported: [
      "client_credentials",
      "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ],
    scopes_supported: ["openid", audienceScope],
    token_endpoint_auth_methods_supported: authMethods,
    introspection_endpoint_auth_methods_supported: introspectionMethods,
    introspection_endpoint_auth_signing_alg_values_supported: [
      ...["RS256", "PS256", "ES256", "EdDSA"],
    ],
    revocation_endpoint_auth_methods_supported: introspectionMethods,
  };
}

/** RFC 7517. */
function describeKey({ id, publicKey }: SigningKey) {
  const { kty, n, e } = publicKey.export({ format: "jwk" });
  return { kty, use: "sig", alg: "RS256", kid: id, n, e };
}

async function identify(
  authenticate: Authenticate,
  [header]: readonly string[],
): Promise<Identity> {
  try {
    return await authenticate(header ?? null);
  } catch (error) {
    if (error instanceof LockoutError && error.entry.code !== "UNAVAILABLE") {
      throw new OAuthError("invalid_token", "the access token is not valid");
    }
    throw error;
  }
}
