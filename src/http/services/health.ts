import { Code, ConnectError, createServiceImplSpec } from "@connectrpc/connect";
import type { ServiceImpl, ServiceImplSpec } from "@connectrpc/connect";
import {
  Health as HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../../gen/grpc/health/v1/health_pb.js";

/** Whether the server can do its work, for `grpc.health.v1` and the pages of probes. */
export interface Health {
  readonly service: ServiceImplSpec;
  readonly serving: boolean;
  /** Reports NOT_SERVING from now on; watches get that status, and end with UNAVAILABLE. */
  drain(): void;
}

/** The full name of the service of health itself. */
export const healthName = HealthService.typeName;

/**
 * @param services full names of the services that are served; `""`, the server itself, is added
 * @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export function createHealth(services: readonly string[]): Health {
  const known = new Set(["", ...services]);
  /** Wakes each watch. Not one promise for all, which would keep a reaction of every watch that ever waited for it. */
  const waiting = new Set<() => void>();
  let serving = true;
  const current = () =>
    serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;

  /** Resolves when the server begins to end, or with the signal. */
  const drained = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const wake = () => {
        waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      waiting.add(wake);
      signal.addEventListener("abort", wake);
      if (signal.aborted) {
        wake();
      }
    });

  /** Looked up before, so that what a watcher has sent does not stay as long as the watch. */
  async function* watch(isKnown: boolean, signal: AbortSignal) {
    yield { status: isKnown ? current() : ServingStatus.SERVICE_UNKNOWN };
    if (serving) {
      await drained(signal);
      signal.throwIfAborted();
      if (isKnown) {
        yield { status: current() };
      }
    }
    throw new ConnectError("the server is shutting down", Code.Unavailable);
  }

  const implementation: ServiceImpl<typeof HealthService> = {
    check({ service: name }) {
      if (!known.has(name)) {
        throw new ConnectError("the service is unknown", Code.NotFound);
      }
      return { status: current() };
    },
    list() {
      const status = current();
      return {
        statuses: Object.fromEntries(
          Array.from(known, (name) => [name, { status }]),
        ),
      };
    },
    watch({ service: name }, { signal }) {
      return watch(known.has(name), signal);
    },
  };

  return {
    service: createServiceImplSpec<typeof HealthService>(
      HealthService,
      implementation,
    ),
    get serving() {
      return serving;
    },
    drain() {
      serving = false;
      for (const wake of waiting) {
        wake();
      }
    },
  };
}
