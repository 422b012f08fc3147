import { BaseSequencer } from "vitest/node";
import type { TestSpecification } from "vitest/node";

/** Those that take longest, most of it waiting for others: where one of them began last, all but one worker would wait for it. */
export const longFiles: readonly string[] = [
  "contract/postgres",
  "console/overview",
  "docs/commands",
  "cli/serve",
  "cli/pack",
  "console/events",
  "deploy/prometheus",
  "console/officer",
  "console/access",
  "cases/hooks",
  "hooks/torture",
  "cases/activity",
  "console/help-desk",
  "cases/traces",
  "property/exactness",
  "console/looks",
  "property/exactness-rules",
  "cluster/outages",
  "store/event-paging",
  "cases/watch-events",
  "crash/server",
  "console/many",
  "http/connection-budget",
  "cases/refusals",
  "cli/doctor",
  "faults/locked",
  "cases/metrics",
  "console/live",
  "console/security",
  "cluster/exactness",
];

/** Vitest knows how long a file takes from the run before. A fresh clone has none, and goes by the sizes of files, which say little. */
export class LongFilesFirst extends BaseSequencer {
  override async sort(
    files: TestSpecification[],
  ): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rankOf = ({ moduleId }: TestSpecification) => {
      const rank = longFiles.findIndex((name) =>
        moduleId.endsWith(`/test/${name}.test.ts`),
      );
      return rank < 0 ? longFiles.length : rank;
    };
    const projects = Map.groupBy(sorted, ({ project }) => project);
    return [...projects.values()].flatMap((ofProject) =>
      ofProject.toSorted((one, other) => rankOf(one) - rankOf(other)),
    );
  }
}
