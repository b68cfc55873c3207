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
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Job, jobName, jobs, recorded, type Study, studies } from "./design.ts";
import type { Folders } from "./opened.ts";
import { recordAll } from "./record.ts";
import { writeReport } from "./report.ts";
import { appendLine, claim, readTable, tablePath } from "./table.ts";
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

if (values.worker) await workThrough();
else {
  if (!values.report) await runWorkers(Number(values.workers));
  await writeReport();
}

async function runWorkers(count: number): Promise<void> {
  for (const { study } of wanted) {
    const { robots, observation }: Study = studies[study];
    if (robots !== "real")
      await recordAll({ folder: folders.data, observation, episodes: recorded.episodes[observation] });
  }
  const own = [...process.execArgv, import.meta.filename, ...process.argv.slice(2), "--worker"];
  const workers = Array.from({ length: count }, () => spawn(process.execPath, own, { stdio: "inherit" }));
  const codes = await Promise.all(workers.map((worker) => once(worker, "exit")));
  if (codes.some(([code]) => code !== 0)) process.exitCode = 1;
}

/** One run after another, those that nobody else works on. */
async function workThrough(): Promise<void> {
  for (const job of wanted) {
    const release = await claim(join(home, "claims"), job);
    if (release === null) continue;
    if (!(await isDone(job))) {
      say(job, "begins");
      const line = await work(job, folders, (step, loss) => {
        if (step % 500 === 0) say(job, `step ${step}, loss ${loss.toFixed(4)}`);
      });
      await appendLine(tablePath, line);
      say(
        job,
        `is in the table after ${line.trainingSeconds} s of training and ${line.measuringSeconds} s of measuring`,
      );
    }
    await release();
  }
}

async function isDone(job: Job): Promise<boolean> {
  return (await readTable(tablePath)).some((line) => jobName(line) === jobName(job));
}

function say(job: Job, what: string): void {
  process.stderr.write(`${jobName(job)} ${what}\n`);
}
