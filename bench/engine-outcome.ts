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
  const rows = results.flatMap(({ shape, measured }) =>
    measured.map((each) => ({ shape, ...each, ratios: ratiosOf(each, measured) })),
  );
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

/** Beside whom each is measured, and what the columns say of it. */
const bases = {
  float32: { name: "armature separate", title: "of ours in float32" },
  eager: { name: "PyTorch eager", title: "of PyTorch eager" },
  autocast: { name: "PyTorch autocast bf16", title: "of PyTorch autocast" },
} as const;

type Ratios = Readonly<
  Record<keyof typeof bases, { readonly clock: number; readonly processor: number | null } | null>
>;

interface Row extends Turns {
  readonly shape: ShapeName;
  /** To each of the `bases` that was measured, medians over rounds. */
  readonly ratios: Ratios;
}

function ratiosOf(own: Turns, measured: readonly Turns[]): Ratios {
  const ratio = ({ name }: { readonly name: string }) => {
    const base = measured.find((each) => each.name === name);
    if (base === undefined) return null;
    const isKnown = base.processor !== null && own.processor !== null;
    return { clock: ratioTo(base, own), processor: isKnown ? ratioTo(base.processor, own.processor) : null };
  };
  return { float32: ratio(bases.float32), eager: ratio(bases.eager), autocast: ratio(bases.autocast) };
}

/** By the clock, with the ratio of the processor's time in brackets. */
function stepTable(rows: readonly Row[]): string {
  const shown = (["float32", "eager", "autocast"] as const).filter((base) =>
    rows.some(({ ratios }) => ratios[base] !== null),
  );
  return table(
    [
      { title: "one training step", align: "left" },
      { title: "by", align: "left" },
      { title: "median ms", align: "right" },
      { title: "fastest ms", align: "right" },
      { title: "processor ms", align: "right" },
      ...shown.map((base) => ({ title: bases[base].title, align: "right" as const })),
    ],
    rows.map(({ shape, name, medianMs, timesMs, ratios, processor }) => [
      shape,
      name,
      medianMs.toFixed(2),
      Math.min(...timesMs).toFixed(2),
      processor?.medianMs.toFixed(0) ?? "–",
      ...shown.map((base) => ratioText(ratios[base])),
    ]),
  );
}

function ratioText(ratio: Ratios[keyof Ratios]): string {
  if (ratio === null) return "–";
  return ratio.processor === null
    ? ratio.clock.toFixed(2)
    : `${ratio.clock.toFixed(2)} (${ratio.processor.toFixed(2)})`;
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
