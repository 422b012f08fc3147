import type { LockoutdServer } from "../support/lockoutd-server.ts";
import { areaUnderCurve, median } from "../support/statistics.ts";
import { makeAccount } from "./accounts.ts";
import type { Engine } from "./engines.ts";
import { RawConnection } from "./http-load.ts";
import { report } from "./report.ts";
import { basic, postForm } from "./requests.ts";

const names = { known: "known-client", unknown: "other-client" };

/** How long a wrong secret takes of clients that there are and that there are not. */
export async function measureTiming(
  engine: Engine,
  server: LockoutdServer,
  samples: number,
): Promise<void> {
  await makeAccount(server, names.known);
  const requestOf = (name: string) =>
    postForm(
      server,
      "/oauth/v2/token",
      { grant_type: "client_credentials" },
      basic(name, "x".repeat(64)),
    );
  const requests = {
    known: requestOf(names.known),
    unknown: requestOf(names.unknown),
  };
  const connection = await RawConnection.open(server.port);
  const times = { known: [] as number[], unknown: [] as number[] };
  for (let sample = -2000; sample < samples; sample += 1) {
    const side = Math.random() < 0.5 ? "known" : "unknown";
    const began = performance.now();
    await connection.send(requests[side]);
    const ms = performance.now() - began;
    if (sample >= 0) {
      times[side].push(ms);
    }
  }
  connection.close();
  const area = areaUnderCurve(times.known, times.unknown);
  const micros = (values: readonly number[]) =>
    (median(values) * 1000).toFixed(1);
  report(
    `a wrong secret of a client that there is (${engine})`,
    `${micros(times.known)} µs, of one that there is not ${micros(times.unknown)} µs, area under the curve ${area.toFixed(3)}`,
    area >= 0.45 && area <= 0.55,
  );
}
