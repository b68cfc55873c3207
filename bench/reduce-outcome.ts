import type { CommandOutcome } from "../src/command/definition.ts";
import { Progress } from "../src/command/progress.ts";
import { table } from "../src/command/table.ts";
import type { Terminal } from "../src/command/terminal.ts";
import { InputError } from "../src/input-error.ts";
import { launchOf } from "../src/ranks/mpi/launch.ts";
import { openMpiWorld } from "../src/ranks/open-world.ts";
import { measureReduce, type ReduceResult, reduceTurns } from "./reduce.ts";
import { ratioTo } from "./turns.ts";

/** A rank that is late by a minute has been lost. */
const deadlineSeconds = 60;

/** Sums of gradients over the ranks that the process was launched with, each way beside MPI's own. */
export async function benchReduce(rounds: number, terminal: Terminal): Promise<CommandOutcome> {
  const launch = launchOf(process.env);
  if (launch === null)
    throw new InputError(
      "bench reduce: expected several ranks, got one; mpirun --bind-to none -np 2 ./armature bench reduce",
    );
  const { world, mpi } = await openMpiWorld(launch, process.env, { deadlineSeconds });
  const total = reduceTurns(rounds);
  const progress = new Progress({
    screen: terminal.err,
    label: "reduce",
    unit: "turn",
    total,
    done: 0,
    now: () => performance.now(),
  });
  const results = await measureReduce({ world, mpi }, rounds, (done) => {
    if (world.rank === 0) progress.update(done, {});
  });
  await world.close();
  if (world.rank > 0) return { status: 0, json: null, text: "" };
  progress.finish();
  const rows = results.flatMap(rowsOf);
  return {
    status: 0,
    json: { ranks: world.size, mpi: mpi.version, rounds, rows },
    text: reduceTable(`${world.size} ranks, ${mpi.version}`, rows),
  };
}

interface Row {
  readonly cells: number;
  readonly name: string;
  readonly medianMs: number;
  readonly fastestMs: number;
  /** How long it took beside MPI's own sum, the median over rounds. */
  readonly ratio: number;
}

function rowsOf({ cells, measured }: ReduceResult): Row[] {
  const [own] = measured.filter(({ name }) => name.startsWith("MPI"));
  return measured.map((each) => ({
    cells,
    name: each.name,
    medianMs: each.medianMs,
    fastestMs: Math.min(...each.timesMs),
    ratio: own === undefined ? Number.NaN : ratioTo(own, each),
  }));
}

function reduceTable(title: string, rows: readonly Row[]): string {
  return table(
    [
      { title, align: "left" },
      { title: "by", align: "left" },
      { title: "median ms", align: "right" },
      { title: "fastest ms", align: "right" },
      { title: "of MPI's own", align: "right" },
    ],
    rows.map(({ cells, name, medianMs, fastestMs, ratio }) => [
      `${cells / 1e6} M cells`,
      name,
      medianMs.toFixed(1),
      fastestMs.toFixed(1),
      ratio.toFixed(2),
    ]),
  );
}
