import type { CommandOutcome } from "../src/command/definition.ts";
import { table } from "../src/command/table.ts";
import type { Terminal } from "../src/command/terminal.ts";
import type { OperatorTime } from "../src/graph/profile.ts";
import { requirePrecision } from "../src/graph/runtime/precision.ts";
import { InputError } from "../src/input-error.ts";
import { type BenchDevice, measureShape, profileShape, type ShapeResult } from "./engine.ts";
import { type ShapeName, shapesFor } from "./transformer.ts";
import { ratioTo, type Turns } from "./turns.ts";

export interface EngineBench {
  /** An interpreter with PyTorch, or `null`. */
  readonly python: string | null;
  readonly device: BenchDevice;
  readonly threads: number;
  readonly rounds: number;
  /** Whether to show where the time goes. */
  readonly profile: boolean;
}

/** Whether OpenVINO is there, on a processor that multiplies bfloat16. */
async function isThere(): Promise<boolean> {
  try {
    await requirePrecision("bf16", "cpu");
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

/** One training step at each shape, ours beside PyTorch's. */
export async function benchEngine(
  { python, device, threads, rounds, profile }: EngineBench,
  terminal: Terminal,
): Promise<CommandOutcome> {
  const results: ShapeResult[] = [];
  const bf16 = device === "cuda" || (await isThere());
  const profiles: Profile[] = [];
  for (const shape of shapesFor(device)) {
    const result = await measureShape(shape, { python, device, threads, rounds, screen: terminal.err, bf16 });
    const found = result.measured.map(({ name, medianMs }) => `${name} ${medianMs.toFixed(2)} ms`);
    terminal.err.write(`engine: ${shape}: ${found.join(", ")}\n`);
    results.push(result);
    if (profile) for (const each of await profileShape(shape, { device, threads })) profiles.push({ shape, ...each });
  }
  const rows = results.flatMap(({ shape, measured }) => {
    const eager = measured.find(({ name }) => name === "PyTorch eager");
    return measured.map((each) => ({ shape, ...each, ...ratiosTo(eager, each) }));
  });
  const { torch = null } = results[0] ?? {};
  return {
    status: 0,
    json: { device, threads, rounds, torch, rows, profiles },
    text: [
      stepTable(rows),
      ...(python === null ? ["The engine alone: give --python to compare with PyTorch."] : []),
      ...results.flatMap(({ shape, missing }) => (missing === null ? [] : [`${shape}, PyTorch compiled: ${missing}`])),
      ...profiles.map(profileTable),
    ].join("\n\n"),
  };
}

interface Row extends Turns {
  readonly shape: ShapeName;
  /** To PyTorch eager, the median over rounds: by the clock, and by the processor. */
  readonly ratio: number | null;
  readonly processorRatio: number | null;
}

function ratiosTo(base: Turns | undefined, own: Turns): Pick<Row, "ratio" | "processorRatio"> {
  if (base === undefined) return { ratio: null, processorRatio: null };
  const isKnown = base.processor !== null && own.processor !== null;
  return { ratio: ratioTo(base, own), processorRatio: isKnown ? ratioTo(base.processor, own.processor) : null };
}

function stepTable(rows: readonly Row[]): string {
  return table(
    [
      { title: "one training step", align: "left" },
      { title: "by", align: "left" },
      { title: "median ms", align: "right" },
      { title: "fastest ms", align: "right" },
      { title: "of PyTorch eager", align: "right" },
      { title: "processor ms", align: "right" },
      { title: "of PyTorch eager", align: "right" },
    ],
    rows.map(({ shape, name, medianMs, timesMs, ratio, processor, processorRatio }) => [
      shape,
      name,
      medianMs.toFixed(2),
      Math.min(...timesMs).toFixed(2),
      ratio?.toFixed(2) ?? "–",
      processor?.medianMs.toFixed(0) ?? "–",
      processorRatio?.toFixed(2) ?? "–",
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
