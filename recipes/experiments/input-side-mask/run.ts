/**
 * Does noise in action dims that a robot does not have hurt it? (OpenTau issue 345)
 *
 *     node recipes/experiments/input-side-mask/run.ts --workers 2
 *
 * runs everything that `results.jsonl` does not hold yet, two policies at a time, and appends a line for each; then it writes
 * `results.md` and `results.svg`. All of it takes two cores about six hours, what decides (the core and `real-mixture`) two and a
 * half of them. A run that is cut off starts over; runs that are in the table are not repeated. `--study core` restricts it to a
 * study, `--report` only writes. The design is in `design.ts`; the rule of decision, written before the first run, in
 * `docs/decisions/0001-input-side-mask.md`.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { recordAll } from "../record.ts";
import { type Runs, startWorkers, workThrough } from "../workers.ts";
import { type Job, jobName, jobs, recorded, robotNames, type Study, studies } from "./design.ts";
import type { Folders } from "./opened.ts";
import { writeReport } from "./report.ts";
import { appendLine, readTable, tablePath } from "./table.ts";
import { work } from "./work.ts";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "2" },
    study: { type: "string", multiple: true, default: [] },
    worker: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
  },
});

const home = join("runs", "input-side-mask");
const folders: Folders = { data: join(home, "data"), cache: join(home, "cache") };
const wanted = jobs().filter(({ study }) => values.study.length === 0 || values.study.includes(study));

const runs: Runs<Job> = {
  jobs: wanted,
  claims: join(home, "claims"),
  nameOf: jobName,
  isDone: async (job) => (await readTable(tablePath)).some((line) => jobName(line) === jobName(job)),
  async carryOut(job, say) {
    const line = await work(job, folders, (step, loss) => {
      if (step % 500 === 0) say(`step ${step}, loss ${loss.toFixed(4)}`);
    });
    await appendLine(tablePath, line);
    say(`is in the table after ${line.trainingSeconds} s of training and ${line.measuringSeconds} s of measuring`);
  },
};

if (values.worker) await workThrough(runs);
else {
  if (!values.report) {
    await recordWanted();
    await startWorkers(Number(values.workers));
  }
  await writeReport();
}

async function recordWanted(): Promise<void> {
  for (const { study } of wanted) {
    const { robots, observation }: Study = studies[study];
    if (robots === "real") continue;
    const { episodes, ...rest } = recorded;
    const own = {
      ...rest,
      root: join(folders.data, observation),
      robots: robotNames,
      observation,
      episodes: episodes[observation],
    };
    await recordAll(own);
  }
}
