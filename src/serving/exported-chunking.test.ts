import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readOnnxFacts } from "../graph/onnx-metadata.ts";
import { expectClose } from "../graph/testing/close.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import type { ActionRequest } from "./action.ts";
import { type ChunkingName, chunkingOf } from "./chunking.ts";
import { exportOnnx, mostBytesInside } from "./export-onnx.ts";
import { loadPolicy } from "./load.ts";
import type { LoadedPolicy } from "./policy.ts";

let root = "";
let run: MicroRun;
const goingOn: readonly ChunkingName[] = ["frozen", "guided", "guided-as-lerobot"];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-going-on-"));
  const history = { slots: 1, interval: 1, dropout: 0 };
  const policy = { ...awkwardRecipe.policy, variant: "smolvla", history, promptTokens: 64, maxDelay: 2 } as const;
  run = await trainMicroRun({ ...awkwardRecipe, policy }, 1);
  for (const chunking of goingOn) await exported(chunking, run.folder);
});
afterAll(async () => {
  await run.remove();
  await rm(root, { recursive: true });
});

const fileOf = (chunking: ChunkingName) => join(root, `${chunking}.onnx`);

/** Of the arm, whose actions are relative to its state. */
function exported(chunking: ChunkingName, from: string) {
  const file = fileOf(chunking);
  return exportOnnx({ run: from, file, robot: "arm / joint", pictures: "uint8", chunking, mostBytes: mostBytesInside });
}

function loaded(path: string, chunking: ChunkingName): Promise<LoadedPolicy> {
  return loadPolicy(path, { robots: 1, machine: "as trained", chunking: chunkingOf(chunking) });
}

/** A policy's answers to a robot that asks at each frame and waits for two steps, and the last question. */
async function acted(policy: LoadedPolicy) {
  const robot = policy.robot({ dataset: "arm", controlMode: "joint" });
  const session = policy.session(robot, { seed: 4 });
  const views = robot.embodiment.cameras.filter(({ key }) => key !== null).map(({ view }) => [view, null] as const);
  const found: number[] = [];
  let asked: ActionRequest | null = null;
  for (let frame = 0; frame < 4; frame++) {
    const state = robot.embodiment.states.map((_, at) => Math.sin(at + frame));
    session.see({ state, pictures: Object.fromEntries(views) });
    const goesOn = policy.chunking !== undefined;
    asked = goesOn ? session.askAfter("pick", { delay: 2, carriedOut: 1 }) : session.ask("pick");
    const [chunk] = await policy.act([asked]);
    session.keep(chunk, frame);
    found.push(...chunk.actions.flat());
  }
  return { found, asked };
}

const because =
  "the file normalises in float32 where a run does in float64, each Euler step from what the one before left";

describe.each(goingOn)("a file whose chunks go on from those before them, %s", (chunking) => {
  it("answers as its run does, and by itself where it is not asked to go on", async () => {
    for (const asked of [chunking, "none"] as const) {
      const [own, file] = [await loaded(run.folder, asked), await loaded(fileOf(chunking), asked)];
      const [{ found: wanted }, { found: got }] = [await acted(own), await acted(file)];
      expectClose("actions", got, wanted, { absolute: 3e-6 * Math.max(...wanted.map(Math.abs)), relative: 0, because });
      expect(file.chunking).toEqual(chunkingOf(asked));
      own.release();
      file.release();
    }
  });

  it("is refused for another way, and in words that say how to have it", async () => {
    const [other] = goingOn.filter((name) => name !== chunking);
    const kind = chunkingOf(other!)?.kind;
    await expect(loaded(fileOf(chunking), other!)).rejects.toThrow(
      `${fileOf(chunking)}: expected --chunking none or ${chunking}, as the file was exported, got "${kind}"; export the run again with --chunking, or serve the run`,
    );
  });

  it("is in operators of the standard alone, and its metadata say what to feed", async () => {
    const said = JSON.parse(readOnnxFacts(fileOf(chunking)).metadata.get("inputs") ?? "");
    expect(said.before).toContain("[1, step, dof]: what is left of the chunk");
    expect(said.held).toContain("[1, step]: how strongly");
    const model = await readFile(fileOf(chunking));
    for (const own of ["com.microsoft", "FusedMatMul", "SimplifiedLayerNormalization"])
      expect(model.includes(own), own).toBe(false);
  });
});

it("a frozen file holds what the robot is committed to, and reads nothing of the chunk before behind it", async () => {
  const policy = await loaded(fileOf("frozen"), "frozen");
  const { asked } = await acted(policy);
  const { actions, delay } = asked!.before!;
  expect(delay).toBe(2);
  const answer = async (before: ActionRequest["before"]) => (await policy.act([{ ...asked!, before }]))[0].actions;
  const found = await answer({ actions, delay });
  for (const [at, row] of actions.slice(0, delay).entries())
    for (const [dof, value] of row.entries()) expect(found[at]![dof]).toBeCloseTo(value, 5);
  const unknown = actions.map((row, at) => (at < delay ? row : row.map(() => Number.NaN)));
  expect(await answer({ actions: unknown, delay })).toEqual(found);
  policy.release();
});

it("a policy that was not trained with steps that are given has no frozen file", async () => {
  const plain = await trainMicroRun(awkwardRecipe, 1);
  await expect(exported("frozen", plain.folder)).rejects.toThrow(
    'chunking: expected a policy that was trained with policy.maxDelay, got one without; train it so, or use "guided"',
  );
  await plain.remove();
});
