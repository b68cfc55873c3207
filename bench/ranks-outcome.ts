import type { CommandOutcome } from "../src/command/definition.ts";
import type { TableColumn } from "../src/command/table.ts";
import type { Terminal } from "../src/command/terminal.ts";
import { markdownTable } from "./markdown.ts";
import { draws, type ForwardTimes } from "./ranks/forward.ts";
import { hasLauncher } from "./ranks/launch.ts";
import { measureRanks, microBatch, type TrainingRow, type ValidationRow } from "./ranks/measure.ts";
import type { TrainingTimes } from "./ranks/request.ts";
import { assumptions, type Cluster, fasterCompute, type Scaled, scale } from "./ranks/scaling.ts";

type SimulationRow = Cluster & Scaled;

const mostRanks = 8;

/**
 * Validation of a mixture of many small datasets in three ways, training at one and two ranks, and a simulation of more.
 *
 * Its text is Markdown, for docs/benchmarks.md.
 */
export async function benchRanks(rounds: number, terminal: Terminal): Promise<CommandOutcome> {
  const launcher = await hasLauncher();
  const { measured, ...result } = await measureRanks(launcher ? mostRanks : 1, rounds, terminal.err);
  const simulation = launcher ? simulate(measured) : [];
  return {
    status: 0,
    json: { rounds, microBatch, ...result, measured, simulation, assumptions, launcher },
    text: [
      validationTable(result.validation),
      `Medians of ${rounds} rounds. ${validationNote(result.forwardMs)}`,
      trainingTable(result.training),
      "Two threads in all; loading is not in it. The sum over ranks, and the sending of new weights, are measured alone, after each step.",
      ...(launcher
        ? [
            simulationTable(simulation),
            `Simulated, not measured:\n\n${assumptions.map((each) => `- ${each}`).join("\n")}`,
          ]
        : [alone]),
    ].join("\n\n"),
  };
}

const alone =
  "One rank alone: Open MPI's mpirun is not here (Debian: openmpi-bin), so several ranks and the simulation are skipped.";

function validationNote(forwardMs: ForwardTimes): string {
  const times = Object.entries(forwardMs).map(([rows, ms]) => `${rows}: ${ms}`);
  return (
    `Micro-batches of ${microBatch}; ${draws} draws of the micro policy, one thread per rank; nothing is loaded. "Waited": ranks ` +
    `wait for as long as a batch of so many rows took (${times.join(", ")} ms). Every way meets in the same gather of rows: one ` +
    'pass once, a loader per dataset once per dataset. "Schedule" is what comes out where meetings cost nothing.'
  );
}

function simulate({ stepMs, reduceMs, shareMs, parameters: own }: TrainingTimes): SimulationRow[] {
  const betweenMs = reduceMs + shareMs;
  const base = { stepMs: stepMs - betweenMs, betweenMs, parameters: own };
  return [3e6, 3e7, 3e8, 3e9].flatMap((parameters) =>
    [10, 100].flatMap((gigabitsPerSecond) =>
      [8, 32, 128, 512].map((ranks) => {
        const cluster = { ranks, parameters, gigabitsPerSecond };
        return { ...cluster, ...scale(base, cluster) };
      }),
    ),
  );
}

function columns(left: readonly string[], right: readonly string[]): TableColumn[] {
  return [
    ...left.map((title) => ({ title, align: "left" as const })),
    ...right.map((title) => ({ title, align: "right" as const })),
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function validationTable(rows: readonly ValidationRow[]): string {
  const numbers = [
    "datasets",
    "ranks",
    "wall ms",
    "idle",
    "repeated",
    "of one pass",
    "schedule: idle",
    "schedule: of one pass",
  ];
  return markdownTable(
    columns(["validation of", "forward", "by"], numbers),
    rows.map((row) => [
      ...[row.mixture, row.waits ? "waited" : "computed", row.way, String(row.datasets), String(row.ranks)],
      ...[row.wallMs.toFixed(0), percent(row.idle), percent(row.repeated), row.ratio.toFixed(2)],
      ...[percent(row.planned.idle), row.planned.ratio.toFixed(2)],
    ]),
  );
}

function trainingTable(rows: readonly TrainingRow[]): string {
  return markdownTable(
    columns(
      ["training"],
      ["ranks", "threads each", "samples/s", "step ms", "sum over ranks ms", "weights to all ms", "both of the step"],
    ),
    rows.map((row) => [
      ...["real-mixture", String(row.ranks), String(row.threads), row.samplesPerSecond.toFixed(1)],
      ...[row.stepMs, row.reduceMs, row.shareMs].map((ms) => ms.toFixed(1)),
      percent(row.betweenShare),
    ]),
  );
}

function simulationTable(rows: readonly SimulationRow[]): string {
  const efficiencies = ["efficiency", `computing ${fasterCompute}× as fast`];
  return markdownTable(
    columns(["simulated"], ["Gb/s", "ranks", "compute s", "between ranks s", ...efficiencies]),
    rows.map((row) => [
      ...[`${row.parameters / 1e6} M parameters`, String(row.gigabitsPerSecond), String(row.ranks)],
      ...[(row.computeMs / 1000).toFixed(2), (row.betweenMs / 1000).toFixed(3)],
      ...[percent(row.efficiency), percent(row.fasterEfficiency)],
    ]),
  );
}
