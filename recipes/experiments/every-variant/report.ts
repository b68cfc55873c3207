import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { table } from "../markdown.ts";
import { jobs, resumedFrom, steps, withHalfBatch } from "./design.ts";
import { type Line, readTable } from "./table.ts";

const introduction = `# Every policy of the table on real robots

\`node recipes/experiments/every-variant/run.ts\` wrote this page. Each policy, \`tiny\`, trained ${steps} steps on \`recipes/real-mixture.ts\`
(two micro-batches of 8; of 4 for ${withHalfBatch.map((name) => `\`${name}\``).join(", ")}); its second half was trained once more on two ranks of Open MPI, from the checkpoint of step ${resumedFrom}.
Losses are those of held-out episodes, by averaged weights: the squared error of velocities, and the cross entropy of tokens in nats.
Dofs are sampled where answers are chunks: after ${steps} steps \`pi0_fast\` says whole chunks of the robot of two dofs alone.`;

/** Writes `results.md` from the table of runs. */
export async function writeReport(): Promise<void> {
  const lines = await readTable();
  const missing = jobs.filter((name) => !lines.some(({ variant }) => variant === name));
  const open = missing.length === 0 ? "" : `\n\nNot run yet: ${missing.join(", ")}.`;
  await writeFile(
    join(import.meta.dirname, "results.md"),
    `${introduction}\n\n${table(titles, lines.map(row))}${open}\n`,
  );
}

const titles = [
  "policy",
  "velocity",
  "tokens",
  "robots that got better",
  "dofs sampled",
  "two ranks, resumed",
  "audit",
];

function row(line: Line): string[] {
  const { variant, before, after, robots, robotsBetter, sampledDofs, filesThatDiffer, auditClean } = line;
  return [
    `\`${variant}\``,
    change(before.velocity, after.velocity),
    change(before.tokens, after.tokens),
    `${robotsBetter} of ${robots}`,
    `${sampledDofs}`,
    filesThatDiffer.length === 0 ? "equal to the bit" : `differ: ${filesThatDiffer.join(", ")}`,
    auditClean ? "clean" : "not clean",
  ];
}

const change = (before: number | null, after: number | null) =>
  before === null || after === null ? "–" : `${before.toFixed(3)} → ${after.toFixed(3)}`;
