import type { ParameterValues } from "../../../src/nn/parameter.ts";
import { encodeBits } from "../bits.ts";
import { playAll } from "./closed-loop.ts";
import { type Cell, cells, cellsOf, type Job } from "./design.ts";
import { actionErrors, velocityLosses } from "./held-out.ts";
import { type Folders, type Opened, openJob } from "./opened.ts";
import { redrawnActions } from "./redrawn.ts";
import type { Line, Measures } from "./table.ts";
import { trainPolicy } from "./train.ts";

/** Trains a run's policy and measures it in its cells. Equal calls give equal numbers but for the seconds. */
export async function work(job: Job, folders: Folders, watch: (step: number, loss: number) => void): Promise<Line> {
  const opened = await openJob(job, folders);
  try {
    const began = performance.now();
    const last: number[] = [];
    const weights = await trainPolicy(opened, job.training, (step, loss) => {
      last.push(loss);
      if (last.length > 100) last.shift();
      watch(step, loss);
    });
    const trained = performance.now();
    const measured: [Cell, Measures][] = [];
    for (const cell of cellsOf(job.training)) measured.push([cell, await measure(opened, weights, cell)]);
    return {
      ...job,
      steps: opened.study.steps,
      trainingLoss: last.length === 0 ? null : last.reduce((sum, loss) => sum + loss, 0) / last.length,
      trainingSeconds: Math.round((trained - began) / 1000),
      measuringSeconds: Math.round((performance.now() - trained) / 1000),
      cells: Object.fromEntries(measured),
    };
  } finally {
    await opened.maker.close();
  }
}

async function measure(opened: Opened, weights: ParameterValues, cell: Cell): Promise<Measures> {
  const { sampling } = cells[cell];
  const measured = { opened, weights, sampling };
  const hasSimulator = opened.study.robots !== "real";
  const successes = hasSimulator ? Object.entries(await playAll(measured)) : null;
  return {
    successes: successes && Object.fromEntries(successes.map(([name, bits]) => [name, encodeBits(bits)])),
    velocityLoss: await velocityLosses(measured),
    actionError: await actionErrors(measured),
    redrawn: hasSimulator ? await redrawnActions(measured) : null,
  };
}
