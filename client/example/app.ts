import { setTimeout } from "node:timers/promises";
import { fastify } from "fastify";
import type {
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
} from "fastify";
import { deviceCookie, readDeviceCookie } from "../src/index.ts";
import type { LockoutResult, PublicCode } from "../src/index.ts";
import { checkLogin } from "./login.ts";
import type { LoginOptions } from "./login.ts";
import { errorPage, homePage, loginPage } from "./pages.ts";
import { createSessions } from "./sessions.ts";
import type { Visitor } from "./sessions.ts";
import type { Users } from "./users.ts";

export interface AppOptions extends LoginOptions {
  readonly users: Users;
  /** Whether cookies are for HTTPS alone. */
  readonly secureCookies: boolean;
  /**
   * No answer to a login comes before this time, in milliseconds. Above what a login usually takes, it hides what
   * still differs, such as the second call that a locked user does not cause.
   */
  readonly shortestLoginMs: number;
  readonly log: boolean;
}

const securityHeaders = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
} as const;

// 403 stands for wrong, locked and unknown alike. 503 says nothing of the user.
const statuses: Readonly<Record<PublicCode, number>> = {
  accepted: 303,
  refused: 403,
  try_later: 503,
};

/** A site with a login page, a page behind it, and a way out. */
export function createApp(options: AppOptions): FastifyInstance {
  const { users } = options;
  const sessions = createSessions({ secure: options.secureCookies });
  const app = fastify({ logger: options.log, bodyLimit: 8192 });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string" },
    async (_request: FastifyRequest, body: string) => new URLSearchParams(body),
  );
  app.addHook("onRequest", async (_request, reply) => {
    reply.headers(securityHeaders);
  });
  app.setErrorHandler<FastifyError>(async (error, request, reply) => {
    const { statusCode = 500 } = error;
    if (statusCode >= 500) {
      request.log.error(error);
    }
    const message = "The request failed.";
    return sendPage(reply, statusCode, errorPage(message));
  });

  app.get("/", async (request, reply) => {
    const visitor = visitorOf(request);
    const user = visitor.userId && users.findById(visitor.userId);
    if (!user) {
      return reply.redirect("/login", 303);
    }
    const token = sessions.formToken(visitor);
    return sendPage(reply, 200, homePage(token, user.name));
  });

  app.get("/login", async (request, reply) => {
    const visitor = visitorOf(request);
    reply.header("set-cookie", sessions.setCookie(visitor));
    return sendPage(reply, 200, loginPage(sessions.formToken(visitor)));
  });

  app.post("/login", async (request, reply) => {
    const visitor = visitorOf(request);
    const form = readForm(request, visitor);
    if (form === undefined) {
      return sendStaleForm(reply);
    }
    const name = form.get("name") ?? "";
    const password = form.get("password") ?? "";
    if (name === "" || password === "") {
      return sendRefusal(reply, visitor, 403, "Enter a name and a password.");
    }

    const user = users.findByName(name);
    const from = {
      address: request.ip,
      userAgent: request.headers["user-agent"] ?? "",
      deviceToken: readDeviceCookie(request.headers.cookie),
    };
    const [result] = await Promise.all([
      checkLogin(options, name, user, password, from),
      setTimeout(options.shortestLoginMs),
    ]);
    logResult(request, result);
    const { code, message } = result.public;
    if (!result.accepted || user === undefined) {
      return sendRefusal(reply, visitor, statuses[code], message);
    }
    reply.header("set-cookie", sessions.setCookie(sessions.signIn(user.id)));
    if (result.device !== undefined) {
      reply.header("set-cookie", deviceCookie(result.device));
    }
    return reply.redirect("/", statuses.accepted);
  });

  app.post("/logout", async (request, reply) => {
    const visitor = visitorOf(request);
    if (readForm(request, visitor) === undefined) {
      return sendStaleForm(reply);
    }
    sessions.signOut(visitor);
    return reply.redirect("/login", 303);
  });

  function visitorOf(request: FastifyRequest): Visitor {
    return sessions.visitor(request.headers.cookie);
  }

  /** The form, if it is one that this visitor was given. */
  function readForm(
    request: FastifyRequest,
    visitor: Visitor,
  ): URLSearchParams | undefined {
    const { body } = request;
    if (!(body instanceof URLSearchParams)) {
      return undefined;
    }
    const token = body.get("form_token") ?? "";
    return sessions.isFormToken(visitor, token) ? body : undefined;
  }

  function sendRefusal(
    reply: FastifyReply,
    visitor: Visitor,
    status: number,
    message: string,
  ): FastifyReply {
    const token = sessions.formToken(visitor);
    return sendPage(reply, status, loginPage(token, message));
  }

  return app;
}

function logResult(request: FastifyRequest, result: LockoutResult): void {
  const { error, ...lockout } = result.private;
  const level = lockout.outcome === "unavailable" ? "error" : "info";
  request.log[level]({ lockout, err: error }, "login");
}

function sendStaleForm(reply: FastifyReply): FastifyReply {
  return sendPage(reply, 403, errorPage("The form is too old. Open it again."));
}

function sendPage(
  reply: FastifyReply,
  status: number,
  html: string,
): FastifyReply {
  return reply.code(status).type("text/html; charset=utf-8").send(html);
}
