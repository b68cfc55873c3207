/**
 * Does every row of the table of policies train, resume, validate and sample on real robots, on one rank and on two, and is it
 * clean by the audit?
 *
 *     node recipes/experiments/every-variant/run.ts
 *
 * works through the variants that `results.jsonl` does not hold yet, `tiny` ones on `recipes/real-mixture.ts`, and appends a line for
 * each; then it writes `results.md`. `--report` only writes, `--variant NAME` restricts it. It needs Open MPI (`openmpi-bin`).
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { workThrough } from "../workers.ts";
import { jobs } from "./design.ts";
import { writeReport } from "./report.ts";
import { appendLine, readTable } from "./table.ts";
import { work } from "./work.ts";

const { values } = parseArgs({
  options: { variant: { type: "string", multiple: true, default: [] }, report: { type: "boolean", default: false } },
});

const home = join("runs", "every-variant");
const chosen = jobs.filter((name) => values.variant.length === 0 || values.variant.includes(name));

if (!values.report) {
  await workThrough({
    jobs: chosen,
    claims: join(home, "claims"),
    nameOf: (variant) => variant,
    isDone: async (variant) => (await readTable()).some((line) => line.variant === variant),
    async carryOut(variant, say) {
      const line = await work(variant, join(home, variant), say);
      await appendLine(line);
      say(`is in the table after ${line.seconds} s`);
    },
  });
}
await writeReport();
