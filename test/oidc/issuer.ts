import { generateKeyPairSync, randomUUID } from "node:crypto";
import type { JsonWebKey, KeyObject } from "node:crypto";
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";
import { postForm } from "../support/sign-in.ts";

/** What tokens are for. */
export const apiAudience = "https://lockout.example.com";

/** A key of an issuer. */
export interface IssuerTestKey {
  readonly jwk: JsonWebKey & { readonly kid: string };
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Makes a key. */
export function makeIssuerKey(kid: string = randomUUID()): IssuerTestKey {
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = pair.privateKey.export({ format: "jwk" });
  return { ...pair, jwk: { ...jwk, kid, use: "sig", alg: "RS256" } };
}

/** A web server whose handler can change, as an issuer is. */
export interface TestWeb {
  readonly url: string;
  /** Undefined: it is away, and refuses connections. */
  serve: (handler: RequestListener | undefined) => Promise<void>;
  close: () => Promise<void>;
}

/** Starts one. */
export async function startWeb(): Promise<TestWeb> {
  let handler: RequestListener = () => undefined;
  let server: Server | undefined;
  let port = 0;
  const listen = async () => {
    const starting = createServer((...exchange) => {
      handler(...exchange);
    });
    server = starting;
    await new Promise<void>((resolve) => {
      starting.listen(port, "127.0.0.1", resolve);
    });
    ({ port } = starting.address() as AddressInfo);
  };
  const close = async () => {
    const ending = server;
    server = undefined;
    if (ending !== undefined) {
      ending.closeAllConnections();
      await new Promise((resolve) => ending.close(resolve));
    }
  };
  await listen();
  return {
    url: `http://127.0.0.1:${port}`,
    serve: async (next) => {
      if (next === undefined) {
        await close();
        return;
      }
      handler = next;
      if (server === undefined) {
        await listen();
      }
    },
    close,
  };
}

/** The provider keeps nothing of what the tests ask for: without an adapter it warns. */
class NoAdapter {
  async find(): Promise<undefined> {
    return undefined;
  }
}

const client = { client_id: "login-page", client_secret: "s".repeat(40) };

/** A provider of OpenID Connect, with one client. @param claims what its tokens say beside the usual */
export function providerOf(
  url: string,
  keys: readonly IssuerTestKey[],
  claims: () => object,
): RequestListener {
  const provider = new Provider(url, {
    adapter: NoAdapter,
    ttl: { ClientCredentials: 600 },
    clients: [
      {
        ...client,
        grant_types: ["client_credentials"],
        ...{ redirect_uris: [], response_types: [] },
      },
    ],
    jwks: { keys: keys.map(({ jwk }) => jwk) },
    extraTokenClaims: claims,
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, audience: string) => ({
          ...{ audience, scope: "api", accessTokenFormat: "jwt" },
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
  });
  return provider.callback();
}

/** A token of the provider's client. */
export async function providerToken(
  url: string,
  resource = apiAudience,
): Promise<string> {
  const { body } = await postForm(`${url}/token`, {
    ...client,
    ...{ grant_type: "client_credentials", resource, scope: "api" },
  });
  if (typeof body["access_token"] !== "string") {
    throw new Error(`the provider says ${JSON.stringify(body)}`);
  }
  return body["access_token"];
}
