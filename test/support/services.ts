/**
 * The test files that need more than Node: Chromium, PostgreSQL or Prometheus. `npm test` leaves them to `npm run test:services`. A test
 * (test/services.test.ts) compares them with what the files import.
 */
export const serviceFiles: readonly string[] = [
  "test/cluster/*.test.ts",
  "test/console/!(figures).test.ts",
  "test/contract/postgres.test.ts",
  "test/deploy/prometheus.test.ts",
  "test/hooks/torture.test.ts",
  "test/interop/browser.test.ts",
  "test/property/{rules,sources,storms}-model.test.ts",
  "test/store/{alias,dates,record}-upgrade.test.ts",
  "test/store/{copy,equal-writes,erase,event-paging,flood,found-users,prune,removed-orgs,transfer-columns,upgrade}.test.ts",
  "test/store/postgres-*.test.ts",
];
