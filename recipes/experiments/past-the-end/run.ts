/**
 * What are action steps past an episode's end to a policy that has to act, where recordings end at success?
 *
 *     node recipes/experiments/past-the-end/run.ts --workers 2
 *
 * runs everything that `results.jsonl` does not hold yet, two policies at a time, and appends a line for each; then it writes
 * `results.md` and `results.svg`. A run that is cut off starts over; runs that are in the table are not repeated.
 * `--study ends-at-success` restricts it to a study, `--report` only writes. The design is in `design.ts`; the rule of decision,
 * written before the first run, in `docs/decisions/0008-past-the-end.md`.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { recordAll } from "../record.ts";
import { type Runs, startWorkers, workThrough } from "../workers.ts";
import { type Job, jobName, jobs, recorded, robotNames, type Study, type StudyName, studies } from "./design.ts";
import { recordingFolder } from "./recipe.ts";
import { writeReport } from "./report.ts";
import { appendLine, readTable, tablePath } from "./table.ts";
import { type Folders, work } from "./work.ts";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "2" },
    study: { type: "string", multiple: true, default: [] },
    worker: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
  },
});

const home = join("runs", "past-the-end");
const folders: Folders = { data: join(home, "data"), cache: join(home, "cache") };
const runs: Runs<Job> = {
  jobs: jobs().filter(({ study }) => values.study.length === 0 || values.study.includes(study)),
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
    for (const name of new Set(runs.jobs.map(({ study }) => study))) await recordFor(name);
    await startWorkers(Number(values.workers));
  }
  await writeReport();
}

async function recordFor(name: StudyName): Promise<void> {
  const study: Study = studies[name];
  const { data, stepsAfterSuccess } = study;
  if (data === "real" || stepsAfterSuccess === null) return;
  await recordAll({
    root: recordingFolder(folders.data, study),
    robots: data === "pictures" ? ["reacher"] : robotNames,
    observation: data === "pictures" ? "pictures" : "state",
    episodes: recorded.episodes[data],
    seed: recorded.seed,
    stepsAfterSuccess,
  });
}
