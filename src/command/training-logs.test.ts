import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readEventFile } from "../dashboard/tensorboard/testing/event-file.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { readEvents } from "../training/event-log.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import { trainPolicy } from "../training/train.ts";
import { unwatched } from "../training/watcher.ts";
import { exportWeights } from "./export.ts";
import { TrainingLogs } from "./training-logs.ts";

async function goOn({ folder, recipe, cache }: MicroRun, until: number, isAsked: boolean) {
  const logs = new TrainingLogs({ run: folder, batchSize: recipe.batch.size, isAsked });
  const begun: Awaited<ReturnType<TrainingLogs["begin"]>>[] = [];
  const watcher = {
    ...unwatched,
    begun: async () => void begun.push(await logs.begin()),
    logged: (line: Parameters<TrainingLogs["append"]>[0]) => logs.append(line),
  };
  const start = { kind: "resume" } as const;
  await trainPolicy({ recipe, folder, start, until, cache, world: await aloneWorld() }, watcher);
  logs.close();
  return begun[0]!;
}

it("has a run's curves for TensorBoard from its first step, however late they are asked for, and keeps them up", async () => {
  const run = await trainMicroRun(awkwardRecipe, 2);
  const folder = join(run.folder, "tensorboard");
  try {
    expect((await goOn(run, 3, false)).note).toBeNull();
    expect(existsSync(folder)).toBe(false);
    const { logged, note } = await goOn(run, 4, true);
    expect(logged.at(-1)?.step).toBe(3);
    expect(note).toMatch(/^for TensorBoard as well: tensorboard --logdir /);
    await goOn(run, 6, false);
    // What the start before had written is empty.
    const [earlier, file] = readdirSync(folder).sort();
    expect(readEventFile(join(folder, earlier!))).toEqual([]);
    const losses = (await readEvents(run.folder))
      .filter(({ kind }) => kind === "step")
      .map(({ step, loss }) => [step, Math.fround(Number(loss))]);
    const read = readEventFile(join(folder, file!)).flatMap(({ step, scalars }) =>
      scalars.filter(([tag]) => tag === "train/loss").map(([, value]) => [step, value]),
    );
    expect(read).toEqual(losses);
    expect(read.map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(numbers(await exported(run.folder, join(run.folder, "curves")))).toEqual(numbers(join(folder, file!)));
  } finally {
    await run.remove();
  }
});

it("refuses to export into several forms, or none, at once", async () => {
  const both = { ...nothing, run: "runs/wide", onnx: "wide.onnx", tensorboard: "curves" };
  await expect(exportWeights.run(both, terminal)).rejects.toThrow(
    "export: expected one of --onnx FILE, --lerobot FOLDER and --tensorboard FOLDER, got 2",
  );
  await expect(exportWeights.run({ ...nothing, run: "runs/wide" }, terminal)).rejects.toThrow(/FOLDER, got none$/);
});

const terminal = { out: process.stdout, err: process.stderr };
const nothing = {
  onnx: null,
  lerobot: null,
  tensorboard: null,
  robot: null,
  pictures: "uint8",
  chunking: "none",
} as const;

/** The event file that `armature export --tensorboard` writes. */
async function exported(run: string, folder: string): Promise<string> {
  const { text } = await exportWeights.run({ ...nothing, run, tensorboard: folder }, terminal);
  const [file] = readdirSync(folder);
  expect(text).toBe(join(folder, file!));
  return join(folder, file!);
}

/** All numbers of an event file, in the order of their names. */
function numbers(file: string): string[] {
  return readEventFile(file)
    .flatMap(({ step, scalars }) => scalars.map(([tag, value]) => `${tag} ${step} ${value}`))
    .sort();
}
