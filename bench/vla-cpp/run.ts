import { join } from "node:path";
import { parseArgs } from "node:util";
import { markdownTable } from "../markdown.ts";
import { type PolicyContestant, startPolicy } from "../policy-contestant.ts";
import { startProgram, startScript } from "../script.ts";
import { type Measured, median, ratioTo, takeTurns } from "../turns.ts";

/**
 * Answers of SmolVLA by vla.cpp and by ours, from the same weights, in turns: `CASE` as make.py makes it, `ENGINE` as CMakeLists.txt builds it.
 *
 *     node bench/vla-cpp/run.ts --case CASE --engine ENGINE --threads 1 --rounds 5     all of them: 10 GB
 *     … --only int8,flash                               our float32, and those whose names have one of these words
 */
const { values } = parseArgs({
  options: {
    case: { type: "string", default: "" },
    engine: { type: "string", default: "" },
    threads: { type: "string", default: "2" },
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "5" },
  },
});
const { case: folder, engine, threads } = values;
const side = "512";

const ours = {
  "armature, float32": "answer",
  "armature, int8": "answer-int8",
  "armature, bfloat16 products (OpenVINO)": "answer-bf16",
} as const;

/** What it is told. Files that its `quantize_gguf.py` makes cannot be read for SmolVLA (of 2026-08-21): no 8 and no 4 bits. */
const theirs: Record<string, readonly string[]> = {
  "vla.cpp, float32": ["--weight-dtype", "f32"],
  "vla.cpp, bfloat16 (its default)": [],
  "vla.cpp, bfloat16, flash attention": ["--flash-attn"],
};

function startTheirs(name: string, words: readonly string[]): Promise<PolicyContestant> {
  const place = join(folder, "vla");
  const environment = { ...process.env, VLA_N_THREADS: threads, OMP_NUM_THREADS: threads };
  const program = { python: engine, needs: "vla.cpp (bench/vla-cpp)" };
  return startPolicy(name, startProgram(program, [join(place, "smolvla.gguf"), place, side, ...words], environment));
}

function startOurs(name: string, task: string): Promise<PolicyContestant> {
  const words = [task, folder, threads];
  return startPolicy(
    name,
    startScript({ python: process.execPath, name: "policy-process.ts", words, needs: "Armature" }),
  );
}

/** How far a chunk lies from another: root mean square, in standard deviations of its cells. */
function apart(own: readonly number[], base: readonly number[]): number {
  const mean = base.reduce((sum, value) => sum + value, 0) / base.length;
  const square = (cells: readonly number[]) => cells.reduce((sum, value) => sum + value ** 2, 0);
  return Math.sqrt(square(own.map((value, at) => value - base[at]!)) / square(base.map((value) => value - mean)));
}

function isAsked(name: string): boolean {
  return values.only.split(",").some((words) => name.includes(words));
}

const contestants: PolicyContestant[] = [];
try {
  for (const [name, task] of Object.entries(ours))
    if (task === "answer" || isAsked(name)) contestants.push(await startOurs(name, task));
  for (const [name, words] of Object.entries(theirs))
    if (isAsked(name)) contestants.push(await startTheirs(name, words));
  const clock = await takeTurns(contestants, Number(values.rounds), (done) => process.stderr.write(`turn ${done}\n`));
  const processor = contestants.map(({ name, processorMs }): Measured => {
    return { name, timesMs: processorMs, medianMs: median(processorMs) };
  });
  const base = contestants[0]!.computed[0]!;
  const titles = ["ms", "fastest", "of our float32", "processor ms", "of our float32", "peak MiB", "chunk apart"];
  const rows = contestants.map(({ name, peakMib, computed }, at) => [
    name,
    clock[at]!.medianMs.toFixed(0),
    Math.min(...clock[at]!.timesMs).toFixed(0),
    ratioTo(clock[0]!, clock[at]!).toFixed(2),
    processor[at]!.medianMs.toFixed(0),
    ratioTo(processor[0]!, processor[at]!).toFixed(2),
    peakMib.toFixed(0),
    apart(computed[0]!, base).toExponential(1),
  ]);
  const columns = ["an answer by", ...titles].map(
    (title, at) => ({ title, align: at === 0 ? "left" : "right" }) as const,
  );
  process.stdout.write(`${markdownTable(columns, rows)}\n`);
} finally {
  for (const { end } of contestants) end();
}
