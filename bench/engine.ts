import { tmpdir } from "node:os";
import { join } from "node:path";
import { Progress } from "../src/command/progress.ts";
import type { Screen } from "../src/command/terminal.ts";
import { HostArray } from "../src/graph/host-array.ts";
import type { OperatorTime } from "../src/graph/profile.ts";
import { stream } from "../src/graph/random.ts";
import type { Device } from "../src/graph/runtime/device.ts";
import { InputError } from "../src/input-error.ts";
import { initialValues } from "../src/nn/parameter.ts";
import { startPyTorch } from "./pytorch.ts";
import { fusedTraining, type Start, separateTraining, type Training } from "./training.ts";
import { type ShapeName, shapes, traceTransformer } from "./transformer.ts";
import { type Contestant, type Turns, takeTurns } from "./turns.ts";

/** Where steps are measured. */
export type BenchDevice = Exclude<Device, "webgpu">;

export interface EngineOptions {
  /** An interpreter with PyTorch, or `null` to measure the engine alone. */
  readonly python: string | null;
  readonly device: BenchDevice;
  readonly threads: number;
  readonly rounds: number;
  readonly screen: Screen;
  /** Whether gradients in bf16 are measured too, and PyTorch's: on the CPU by OpenVINO. */
  readonly bf16: boolean;
}

/** The contestants of one shape, in the order in which they were started. */
export interface ShapeResult {
  readonly shape: ShapeName;
  readonly measured: readonly Turns[];
  /** Version of PyTorch, or `null` without it. */
  readonly torch: string | null;
  /** Why PyTorch compiled is not among them, or `null`. */
  readonly missing: string | null;
}

/** Steps of one repetition: about a second, on a card half of one. */
const stepsPerTurn: Record<BenchDevice, Record<ShapeName, number>> = {
  cpu: { B8T64D256: 10, B8T256D512: 2, B32T512D1024: 1 },
  cuda: { B8T64D256: 100, B8T256D512: 50, B32T512D1024: 10 },
};
const warmupSteps = 5;

const forms = { "armature separate": separateTraining, "armature fused": fusedTraining } as const;

/** On a card one program for the whole step would bring weights and moments from the host and back. */
function formsOn(device: BenchDevice) {
  return Object.entries(forms).filter(([, begin]) => device === "cpu" || begin !== fusedTraining);
}

/** One training step at one shape by everything that is there, in turns. */
export async function measureShape(shape: ShapeName, options: EngineOptions): Promise<ShapeResult> {
  const contestants: Contestant[] = [];
  try {
    const steps = stepsPerTurn[options.device][shape];
    for (const [name, begin] of formsOn(options.device))
      contestants.push(await contestant(name, steps, await begin(startOf(shape), machine(options))));
    if (options.bf16) {
      const begun = await separateTraining(startOf(shape), { ...machine(options), precision: "bf16" });
      contestants.push(await contestant("armature separate bf16", steps, begun));
    }
    const python = await addPyTorch(contestants, shape, options);
    const total = contestants.length * options.rounds;
    const { screen } = options;
    const progress = new Progress({
      screen,
      label: shape,
      unit: "turn",
      total,
      done: 0,
      now: () => performance.now(),
    });
    const measured = await takeTurns(contestants, options.rounds, (done) => progress.update(done, {}));
    progress.finish();
    return { shape, measured, ...python };
  } finally {
    for (const { end } of contestants) end();
  }
}

/** Time of one step by operator, by form and program. A profile slows its program down, so nothing else is read from it. */
export async function profileShape(
  shape: ShapeName,
  options: Pick<EngineOptions, "device" | "threads">,
): Promise<{ readonly program: string; readonly times: readonly OperatorTime[] }[]> {
  const found: { program: string; times: readonly OperatorTime[] }[] = [];
  for (const [name, begin] of formsOn(options.device)) {
    const profile = join(tmpdir(), `armature-bench-${process.pid}`);
    const training = await begin(startOf(shape), { ...machine(options), profile });
    const steps = warmupSteps + stepsPerTurn[options.device][shape];
    for (let step = 0; step < steps; step++) await training.step();
    for (const [program, times] of Object.entries(training.takeProfiles()))
      found.push({
        program: `${name}: ${program}`,
        times: times.map(({ operator, calls, ms }) => ({ operator, calls: calls / steps, ms: ms / steps })),
      });
    training.release();
  }
  return found;
}

async function addPyTorch(
  contestants: Contestant[],
  shape: ShapeName,
  { python, device, threads, bf16 }: EngineOptions,
): Promise<Pick<ShapeResult, "torch" | "missing">> {
  if (python === null) return { torch: null, missing: null };
  const wanted = { python, device, shape, threads, steps: stepsPerTurn[device][shape] };
  const eager = await startPyTorch({ ...wanted, mode: "eager" });
  contestants.push(eager);
  if (bf16) contestants.push(await startPyTorch({ ...wanted, mode: "autocast" }));
  // On a card compiling takes a minute at each shape.
  if (device === "cuda" && shape !== "B32T512D1024") return { torch: eager.version, missing: null };
  try {
    contestants.push(await startPyTorch({ ...wanted, mode: "compile" }));
    return { torch: eager.version, missing: null };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { torch: eager.version, missing: error.message };
  }
}

async function contestant(name: string, steps: number, training: Training): Promise<Contestant> {
  for (let step = 0; step < warmupSteps; step++) await training.step();
  return {
    name,
    async repeat() {
      const start = performance.now();
      for (let step = 0; step < steps; step++) await training.step();
      return (performance.now() - start) / steps;
    },
    end: () => training.release(),
  };
}

function machine({ device, threads }: Pick<EngineOptions, "device" | "threads">) {
  return { device, threads };
}

function startOf(name: ShapeName): Start {
  const shape = shapes[name];
  const sizes = [shape.rows, shape.tokens, shape.width];
  const batch = (purpose: string) => {
    const cells = new Float32Array(shape.rows * shape.tokens * shape.width);
    stream(0, purpose).fillNormal(cells, 0, 0, 0);
    return new HostArray("b n e", sizes, "float32", cells);
  };
  const parameters = initialValues(traceTransformer(shape).parameters, 0);
  return { shape, parameters, input: batch("bench input"), target: batch("bench target") };
}
