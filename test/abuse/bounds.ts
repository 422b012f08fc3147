/** What must hold under each attack. */
export const bounds = {
  /** Memory of the server's cgroup, in MiB: more ends the process. */
  memoryLimit: 512,
  /** Resident memory that the server stays under, in MiB. */
  resident: 400,
  /** The slowest response of a health check, in milliseconds. */
  healthMs: 100,
  /** The median login of each second, as a multiple of the idle median. */
  loginFactor: 10,
  /** The slowest login, in milliseconds: two calls, each of them as a health check. */
  loginMs: 200,
} as const;
