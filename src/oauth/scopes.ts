/** Without it ZITADEL lets no token call its API. */
export const audienceScope = "urn:zitadel:iam:org:project:id:zitadel:aud";

const taken: readonly RegExp[] = [
  /^openid$/,
  /^urn:zitadel:iam:org:project:id:zitadel:aud$/,
  /^urn:zitadel:iam:org:project:role:[\x21-\x7e]{1,100}$/,
  /^urn:zitadel:iam:org:id:[\x21-\x7e]{1,100}$/,
  /^urn:zitadel:iam:user:resourceowner$/,
];

/** Every call carries the scopes in its token: no more than this many characters of them. */
const maxCharacters = 1000;

/** The scopes that are taken, as they were asked for; others are ignored. */
export function takeScopes(asked: string | undefined): string {
  let scopes = "";
  for (const scope of (asked ?? "").split(/\s+/)) {
    const isTaken =
      taken.some((pattern) => pattern.test(scope)) &&
      scopes.length + scope.length < maxCharacters;
    if (isTaken) {
      scopes += scopes === "" ? scope : ` ${scope}`;
    }
  }
  return scopes;
}

/** Whether the scopes have one. */
export function hasScope(scopes: string, scope: string): boolean {
  return ` ${scopes} `.includes(` ${scope} `);
}
