import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Who sends a request, as the cookie says. */
export interface Visitor {
  /** Random, and of this browser alone. Also somebody who is not signed in has one, for the form's token. */
  readonly id: string;
  /** Undefined unless signed in. */
  readonly userId: string | undefined;
}

export interface Sessions {
  /** Reads a request's cookie header; makes a visitor where there is none. */
  visitor(cookies: string | undefined): Visitor;
  /** Begins a session under a new id, so that one planted before the login is worth nothing. */
  signIn(userId: string): Visitor;
  signOut(visitor: Visitor): void;
  /** The header that gives a browser its id. */
  setCookie(visitor: Visitor): string;
  /** What forms of this visitor carry, and other sites cannot know. */
  formToken(visitor: Visitor): string;
  isFormToken(visitor: Visitor, token: string): boolean;
}

const lifetimeMs = 8 * 60 * 60 * 1000;

/** Keeps sessions in memory. `secure` cookies are for HTTPS, and for localhost in most browsers. */
export function createSessions(options: {
  readonly secure: boolean;
}): Sessions {
  // The prefix has browsers refuse the cookie from another host, without HTTPS, or for a part of the site.
  const name = options.secure ? "__Host-visitor" : "visitor";
  const attributes = `Path=/; HttpOnly; SameSite=Lax${options.secure ? "; Secure" : ""}`;
  const formKey = randomBytes(32);
  const signedIn = new Map<string, { userId: string; endTime: number }>();

  const formToken: Sessions["formToken"] = ({ id }) =>
    createHmac("sha256", formKey).update(id).digest("base64url");

  return {
    visitor: (cookies) => {
      const id = readCookie(cookies, name) ?? newId();
      const session = signedIn.get(id);
      const running = session !== undefined && session.endTime > Date.now();
      return { id, userId: running ? session.userId : undefined };
    },
    signIn: (userId) => {
      const now = Date.now();
      for (const [id, { endTime }] of signedIn) {
        if (endTime <= now) {
          signedIn.delete(id);
        }
      }
      const id = newId();
      signedIn.set(id, { userId, endTime: now + lifetimeMs });
      return { id, userId };
    },
    signOut: ({ id }) => {
      signedIn.delete(id);
    },
    setCookie: ({ id }) => `${name}=${id}; ${attributes}`,
    formToken,
    isFormToken: (visitor, token) => {
      const expected = Buffer.from(formToken(visitor));
      const given = Buffer.from(token);
      return (
        given.length === expected.length && timingSafeEqual(given, expected)
      );
    },
  };
}

function newId(): string {
  return randomBytes(32).toString("base64url");
}

function readCookie(
  cookies: string | undefined,
  name: string,
): string | undefined {
  const pairs = (cookies ?? "").split(";").map((pair) => pair.trim());
  const value = pairs.find((pair) => pair.startsWith(`${name}=`));
  const id = value?.slice(name.length + 1);
  return id !== undefined && /^[\w-]{43}$/.test(id) ? id : undefined;
}
