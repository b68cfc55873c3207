import type { OperatorTime } from "../graph/profile.ts";
import { InputError } from "../input-error.ts";
import type { ShapeResult } from "./bench/engine.ts";
import type { ShapeName } from "./bench/transformer.ts";
import { define, type Outcome } from "./definition.ts";
import { choice, count, flag, otherwise, text } from "./parameter.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

const pythonVariable = "ARMATURE_PYTHON";
const fewestRounds = 3;

export const bench = define({
  name: "bench",
  summary: "measure side by side, in turns, on this machine",
  arguments: { name: choice("name", "what is measured", ["engine"]) },
  options: {
    python: otherwise(
      text("path", `an interpreter with PyTorch to compare with; by default $${pythonVariable}, else none`),
      undefined,
    ),
    threads: otherwise(count("count", "threads of each side"), 2),
    rounds: otherwise(count("count", "turns of each contestant"), 9),
    profile: flag("show where the time goes, by operator"),
  },
  examples: [
    { line: "bench engine", shows: "one training step of a four-block transformer, at two sizes" },
    { line: "bench engine --python engine-venv/bin/python", shows: "the same beside PyTorch, eager and compiled" },
  ],
  async run({ python, threads, rounds, profile }, terminal) {
    if (rounds < fewestRounds)
      throw new InputError(`bench --rounds: expected at least ${fewestRounds} for a median, got ${rounds}`);
    return benchEngine({ python: python ?? process.env[pythonVariable] ?? null, threads, rounds, profile }, terminal);
  },
});

interface Wanted {
  readonly python: string | null;
  readonly threads: number;
  readonly rounds: number;
  readonly profile: boolean;
}

async function benchEngine({ python, threads, rounds, profile }: Wanted, terminal: Terminal): Promise<Outcome> {
  const { measureShape, profileShape } = await import("./bench/engine.ts");
  const { shapes } = await import("./bench/transformer.ts");
  const { ratioTo } = await import("./bench/turns.ts");
  const names = Object.keys(shapes).filter((name): name is ShapeName => name in shapes);
  const results: ShapeResult[] = [];
  const profiles: Profile[] = [];
  for (const shape of names) {
    results.push(await measureShape(shape, { python, threads, rounds, screen: terminal.err }));
    if (profile) for (const each of await profileShape(shape, { threads })) profiles.push({ shape, ...each });
  }
  const rows = results.flatMap(({ shape, measured }) => {
    const eager = measured.find(({ name }) => name === "PyTorch eager");
    return measured.map((each) => ({ shape, ...each, ratio: eager === undefined ? null : ratioTo(eager, each) }));
  });
  const { torch = null } = results[0] ?? {};
  return {
    status: 0,
    json: { threads, rounds, torch, rows, profiles },
    text: [
      stepTable(rows),
      ...(python === null ? [`The engine alone: give --python or $${pythonVariable} to compare with PyTorch.`] : []),
      ...results.flatMap(({ shape, missing }) => (missing === null ? [] : [`${shape}, PyTorch compiled: ${missing}`])),
      ...profiles.map(profileTable),
    ].join("\n\n"),
  };
}

interface Row {
  readonly shape: ShapeName;
  readonly name: string;
  readonly medianMs: number;
  readonly timesMs: readonly number[];
  /** To PyTorch eager, the median over rounds. */
  readonly ratio: number | null;
}

function stepTable(rows: readonly Row[]): string {
  return table(
    [
      { title: "one training step", align: "left" },
      { title: "by", align: "left" },
      { title: "median ms", align: "right" },
      { title: "fastest ms", align: "right" },
      { title: "of PyTorch eager", align: "right" },
    ],
    rows.map(({ shape, name, medianMs, timesMs, ratio }) => [
      shape,
      name,
      medianMs.toFixed(1),
      Math.min(...timesMs).toFixed(1),
      ratio === null ? "–" : ratio.toFixed(2),
    ]),
  );
}

interface Profile {
  readonly shape: ShapeName;
  readonly program: string;
  readonly times: readonly OperatorTime[];
}

function profileTable({ shape, program, times }: Profile): string {
  const total = times.reduce((sum, { ms }) => sum + ms, 0);
  return table(
    [
      { title: `${shape}, ${program}`, align: "left" },
      { title: "calls", align: "right" },
      { title: "ms", align: "right" },
      { title: "share", align: "right" },
    ],
    times.map(({ operator, calls, ms }) => [
      operator,
      String(Math.round(calls)),
      ms.toFixed(2),
      `${((100 * ms) / total).toFixed(1)}%`,
    ]),
  );
}
