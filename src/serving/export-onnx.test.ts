import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RobotObservation } from "../batch/observation.ts";
import { squared } from "../embodiment/picture.ts";
import { type DataType, HostArray, zeros } from "../graph/host-array.ts";
import { openSession } from "../graph/runtime/session.ts";
import { expectClose } from "../graph/testing/close.ts";
import { InputError } from "../input-error.ts";
import { actionNoise } from "../objective/action-noise.ts";
import type { VariantName } from "../policy/variant.ts";
import { readingOf } from "../recipe/plan.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { importFolder } from "../training/testing/imported-run.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import type { ActionRequest } from "./action.ts";
import { type ExportedProgram, exportOnnx, mostBytesInside } from "./export-onnx.ts";
import { findPolicy, loadPolicy, readPolicyWeights } from "./load.ts";
import { picture } from "./picture.ts";
import type { LoadedPolicy } from "./policy.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-onnx-"));
});
afterAll(() => rm(root, { recursive: true }));

/** A robot's observation, its pictures not square; of the second camera there is none. */
function observation(policy: LoadedPolicy, name: string, frame: number): RobotObservation {
  const { embodiment } = robotOf(policy, name);
  const pixels = Uint8Array.from({ length: 20 * 12 * 3 }, (_, at) => (at * 7 + frame * 31) % 256);
  const seen = embodiment.cameras.flatMap(({ view, key }, at) =>
    key === null ? [] : [[view, at === 0 ? picture(pixels, { height: 12, width: 20 }) : null] as const],
  );
  return {
    state: embodiment.states.map((_, at) => Math.fround(Math.sin(at + frame))),
    pictures: Object.fromEntries(seen),
  };
}

function robotOf(policy: LoadedPolicy, name: string) {
  return policy.robots.find(({ dataset, embodiment }) => `${dataset} / ${embodiment.controlMode}` === name)!;
}

/** The question of a robot that has been seeing for some frames. */
function asked(policy: LoadedPolicy, name: string, frames: number): ActionRequest {
  const session = policy.session(robotOf(policy, name), { seed: 4 });
  for (let frame = 0; frame < frames; frame++) session.see(observation(policy, name, frame));
  return session.ask("pick");
}

/** What the file is fed for a question: where there is nothing, NaN, white pictures and a word. */
function feedsOf(policy: LoadedPolicy, request: ActionRequest): Map<string, HostArray<string, DataType>> {
  const { robot, observations, noise } = request;
  const { dofs, states, cameras } = robot.embodiment;
  const { letterbox } = readingOf(policy.recipe);
  const batch = policy.perceive([request]);
  const [, , , side = 0] = batch.images.read(({ shape }) => shape);
  const count = observations.length;
  const state = observations.flatMap((one) => [...(one?.state ?? states.map(() => Number.NaN))]);
  const tokens = batch.prompt.read(({ cells }) => cells);
  const { bits: tokenReal, shape } = batch.facts.tokenReal;
  const random = actionNoise(batch, [{ ...noise, dataset: robot.dataset }], "zero");
  const [, steps = 0, width = 0] = random.shape;
  const owned = dofs.map(({ slot }) => slot);
  const views = cameras.flatMap(({ view, key }) => {
    if (key === null) return [];
    const white = new HostArray("h w c", [side, side, 3], "uint8", new Uint8Array(side * side * 3).fill(255));
    const found = observations.map((one) => one?.pictures[view] ?? null);
    const cells = found.flatMap((one) => [...squared(one ?? white, side, letterbox).cells]);
    const real = Uint8Array.from(found, (one) => (one === null ? 0 : 1));
    return [
      [`image.${view}`, new HostArray("b o h w c", [1, count, side, side, 3], "uint8", Uint8Array.from(cells))],
      [`image.${view}.real`, new HostArray("b o", [1, count], "bool", real)],
    ] as const;
  });
  return new Map<string, HostArray<string, DataType>>([
    ["state", new HostArray("b o s", [1, count, states.length], "float32", Float32Array.from(state))],
    ...views,
    [
      "history.real",
      new HostArray(
        "b o",
        [1, count],
        "bool",
        Uint8Array.from(observations, (one) => (one ? 1 : 0)),
      ),
    ],
    [
      "prompt",
      new HostArray(
        "b n",
        shape,
        "int32",
        tokens.map((token, at) => (tokenReal[at] === 1 ? token : 7)),
      ),
    ],
    ["prompt.real", new HostArray("b n", shape, "bool", Uint8Array.from(tokenReal))],
    [
      "noise",
      new HostArray(
        "b t d",
        [1, steps, width],
        "float32",
        random.cells.map((cell, at) => (owned.includes(at % width) ? cell : Number.NaN)),
      ),
    ],
  ]);
}

/** Actions of a file, by step and dof. */
async function actionsOf(file: string, feeds: ReadonlyMap<string, HostArray<string, DataType>>): Promise<number[]> {
  const session = openSession(await readFile(file), { threads: 1, device: "cpu" });
  try {
    const [output] = session.outputs;
    expect(output!.name).toBe("actions");
    const out = zeros("b t d", output!.shape, "float32");
    const fed = session.inputs.map(({ name }) => [name, feeds.get(name)!] as const);
    await session.run(new Map(fed), new Map([["actions", out]]));
    return [...out.cells];
  } finally {
    session.release();
  }
}

/** Robots of the mixture: an arm with two cameras and actions relative to its state, and a blind cart in other slots. */
const robots = ["arm / joint", "cart / ee"] as const;
const variants: readonly VariantName[] = ["pi05", "smolvla", "groot_n16", "pi05_mem"];

describe.each(variants)("a policy %s as one file for one robot", (variant) => {
  let run: MicroRun;
  let policy: LoadedPolicy;
  beforeAll(async () => {
    const history = variant === "smolvla" ? { slots: 1, interval: 1, dropout: 0 } : awkwardRecipe.policy.history;
    const promptTokens = 64;
    run = await trainMicroRun(
      { ...awkwardRecipe, policy: { ...awkwardRecipe.policy, variant, history, promptTokens } },
      1,
    );
    policy = await loadPolicy(run.folder, { robots: 1, machine: "as trained" });
  });
  afterAll(async () => {
    policy.release();
    await run.remove();
  });

  it.each(robots)("gives the actions of its session, of %s, whatever stands where nothing is", async (robot) => {
    const file = join(root, `${variant}-${robot.slice(0, 3)}.onnx`);
    await exportOnnx({ run: run.folder, file, robot, pictures: "uint8", chunking: "none", mostBytes: mostBytesInside });
    for (const frames of [1, 6]) {
      const request = asked(policy, robot, frames);
      const [chunk] = await policy.act([request]);
      const wanted = chunk!.actions.flat();
      const got = await actionsOf(file, feedsOf(policy, request));
      const largest = Math.max(...wanted.map(Math.abs));
      const because =
        "float32 where the session denormalises in float64, and factors of products are nodes of their own";
      expectClose("actions", got, wanted, { absolute: 1e-6 * largest, relative: 0, because });
    }
  });
});

describe("an exported file", () => {
  let run: MicroRun;
  beforeAll(async () => {
    run = await trainMicroRun(awkwardRecipe, 1);
  });
  afterAll(() => run.remove());
  const exported = (file: string, more: Partial<Parameters<typeof exportOnnx>[0]>): Promise<ExportedProgram> =>
    exportOnnx({
      run: run.folder,
      file,
      robot: "twin",
      pictures: "uint8",
      chunking: "none",
      mostBytes: mostBytesInside,
      ...more,
    });

  it("lists what to feed: sensors, prompt, noise, and beside each what says that it is there", async () => {
    const { inputs } = await exported(join(root, "listed.onnx"), { pictures: "float32" });
    expect(inputs.map(({ name, type, shape }) => `${name} ${type} [${shape.join()}]`)).toEqual([
      "state float32 [1,3,3]",
      "image.front float32 [1,3,16,16,3]",
      "image.front.real bool [1,3]",
      "history.real bool [1,3]",
      "prompt int32 [1,19]",
      "prompt.real bool [1,19]",
      "noise float32 [1,5,9]",
    ]);
  });

  it("has weights of more bytes than a file may hold beside it, each where the file says", async () => {
    const file = join(root, "split.onnx");
    const { weights, bytes } = await exported(file, { mostBytes: 0 });
    expect(weights).toBe(`${file}.data`);
    const [model, data] = [await readFile(file), await readFile(`${file}.data`)];
    expect(bytes).toBe(model.length + data.length);
    const parameters = await readPolicyWeights(await findPolicy(run.folder));
    let read = 0;
    for (const [name, { cells }] of parameters) {
      const at = model.indexOf(Buffer.from(name));
      if (at < 0) continue;
      const own = Buffer.from(cells.buffer, cells.byteOffset, cells.byteLength);
      expect(data.includes(own), name).toBe(true);
      read += own.length;
    }
    expect(read).toBe(data.length);
    const whole = await exported(join(root, "whole.onnx"), {});
    expect(whole.weights).toBeNull();
    // In words of the standard alone, which every runtime knows.
    for (const own of ["com.microsoft", "FusedMatMul", "SimplifiedLayerNormalization"])
      expect(model.includes(own), own).toBe(false);
  });

  it("is never written over, and nothing is left beside one that is refused", async () => {
    const folder = await mkdtemp(join(root, "taken-"));
    const file = join(folder, "taken.onnx");
    await writeFile(file, "mine");
    const writing = exported(file, { mostBytes: 0 });
    await expect(writing).rejects.toThrow(InputError);
    await expect(writing).rejects.toThrow(`${file}: expected a new file, got one that is there; it is left as it is`);
    expect(await readdir(folder)).toEqual(["taken.onnx"]);
    expect(await readFile(file, "utf8")).toBe("mine");
  });

  it("is of one robot: several that fit, and none, are refused with the names of all", async () => {
    const names = '"arm / joint", "twin / joint", "arm / ee", "cart / ee"';
    for (const [robot, count] of [
      ["arm", 2],
      ["droid", 0],
      [null, 4],
    ] as const)
      await expect(exported(join(root, "none.onnx"), { robot })).rejects.toThrow(
        `expected one robot to export for, got ${count}; name it with --robot (${names})`,
      );
    await exported(join(root, "named.onnx"), { robot: "arm / ee" });
  });
});

it("a policy that says its actions as tokens has no such file, and is told so", async () => {
  const from = join(import.meta.dirname, "../../test/parity/released/pi0_fast");
  const imported = await importFolder(from, from);
  const writing = exportOnnx({
    run: imported.folder,
    file: join(root, "fast.onnx"),
    robot: null,
    pictures: "uint8",
    chunking: "none",
    mostBytes: mostBytesInside,
  });
  await expect(writing).rejects.toThrow(
    'expected a policy whose flow makes actions, got "pi0_fast", which says them as tokens',
  );
  await imported.remove();
});
