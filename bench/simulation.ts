import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { CommandOutcome } from "../src/command/definition.ts";
import { Progress } from "../src/command/progress.ts";
import { table } from "../src/command/table.ts";
import type { Terminal } from "../src/command/terminal.ts";
import { robots } from "../src/simulation/robots.ts";
import { median } from "./turns.ts";

/** What one worker plays: every `stride`th episode. */
export interface PlayRequest {
  readonly robot: string;
  readonly from: number;
  readonly to: number;
  readonly stride: number;
}

/** What a worker has played. */
export interface Played {
  readonly successes: number;
  readonly steps: number;
  readonly pictures: number;
}

/** Starts on which every expert is judged. */
const starts = 200;

/** How often every robot's expert succeeds, and how fast it is simulated and drawn, a robot per worker. */
export async function benchSimulation(workers: number, rounds: number, terminal: Terminal): Promise<CommandOutcome> {
  const progress = new Progress({
    screen: terminal.err,
    label: "simulation",
    unit: "round",
    total: rounds * robots.length,
    done: 0,
    now: () => performance.now(),
  });
  const rows: Row[] = [];
  for (const { name, dofs, cameras, framesPerSecond } of robots) {
    const pool = await Promise.all(Array.from({ length: workers }, (_, at) => open(name, at, workers)));
    const timed: Timed[] = [];
    for (let round = 0; round < rounds; round++) {
      timed.push(await playOnce(pool));
      progress.update(rows.length * rounds + round + 1, {});
    }
    await Promise.all(pool.map((worker) => worker.terminate()));
    const rate = (count: (each: Timed) => number) => median(timed.map((each) => count(each) / each.seconds));
    rows.push({
      robot: name,
      dofs: dofs.length,
      cameras: cameras.length,
      starts,
      successes: timed[0]?.successes ?? 0,
      picturesPerSecond: rate(({ pictures }) => pictures),
      timesRealTime: rate(({ steps }) => steps) / framesPerSecond,
    });
  }
  progress.finish();
  return { status: 0, json: { workers, rounds, rows }, text: simulationTable(workers, rows) };
}

interface Timed extends Played {
  readonly seconds: number;
}

interface Row {
  readonly robot: string;
  readonly dofs: number;
  readonly cameras: number;
  readonly starts: number;
  readonly successes: number;
  /** Simulated and drawn, over all workers; the median over rounds. */
  readonly picturesPerSecond: number;
  readonly timesRealTime: number;
}

async function open(robot: string, from: number, stride: number): Promise<Worker> {
  const request: PlayRequest = { robot, from, to: starts, stride };
  const worker = new Worker(new URL("./simulation-worker.ts", import.meta.url), { workerData: request });
  await once(worker, "message");
  return worker;
}

async function playOnce(pool: readonly Worker[]): Promise<Timed> {
  const began = performance.now();
  const answers = await Promise.all(
    pool.map(async (worker) => {
      const answer = once(worker, "message");
      worker.postMessage("play");
      const [played]: Played[] = await answer;
      return played;
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  const sum = (count: (played: Played) => number) =>
    answers.reduce((total, played) => total + (played === undefined ? 0 : count(played)), 0);
  return {
    seconds,
    successes: sum((played) => played.successes),
    steps: sum((played) => played.steps),
    pictures: sum((played) => played.pictures),
  };
}

function simulationTable(workers: number, rows: readonly Row[]): string {
  const right = ["dofs", "cameras", "successes", "pictures/s", "times real time"].map(
    (title) => ({ title, align: "right" }) as const,
  );
  return table(
    [{ title: `${workers} workers`, align: "left" }, ...right],
    rows.map((row) => [
      ...[row.robot, String(row.dofs), String(row.cameras), `${row.successes} of ${row.starts}`],
      ...[String(Math.round(row.picturesPerSecond)), row.timesRealTime.toFixed(0)],
    ]),
  );
}
