/** Fastify, with a schema of what it answers, which is its fast way to write JSON. */
import fastify from "fastify";
import { paths } from "../calls.ts";
import { policyJson } from "./answers.ts";
import { announce, expectedAuthorization, listen } from "./peer-process.ts";

const expected = expectedAuthorization();

const text = { type: "string" } as const;
const schema = {
  response: {
    200: {
      type: "object",
      properties: {
        policy: {
          type: "object",
          properties: {
            details: {
              type: "object",
              properties: {
                sequence: text,
                creationDate: text,
                changeDate: text,
                resourceOwner: text,
              },
            },
            maxPasswordAttempts: text,
            maxOtpAttempts: text,
            isDefault: { type: "boolean" },
          },
        },
      },
    },
  },
} as const;

const server = fastify();
server.addHook("onRequest", (request, reply, done) => {
  if (request.headers.authorization === expected) {
    done();
  } else {
    void reply.code(401).send({ message: "invalid token" });
  }
});
server.get(paths.rest, { schema }, () => policyJson);
await server.ready();
announce({ rest: await listen(server.server) });
