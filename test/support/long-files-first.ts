import { BaseSequencer } from "vitest/node";
import type { TestSpecification } from "vitest/node";

/** Those that take longest, most of it waiting for others: where one of them began last, all but one worker would wait for it. */
export const longFiles: readonly string[] = [
  "contract/postgres",
  "property/exactness",
  "property/exactness-rules",
  "console/officer",
  "console/security",
  "console/overview",
  "docs/commands",
  "cli/pack",
  "cli/serve",
  "store/event-paging",
  "store/flood",
  "cluster/exactness",
  "cluster/outages",
  "cluster/sign-in",
  "deploy/prometheus",
  "crash/server",
  "crash/store",
  "hooks/torture",
  "cases/watch-events",
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
