import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RobotObservation } from "../batch/observation.ts";
import { writeSmallTokenizer } from "../codec/testing/small-tokenizer.ts";
import { encodeModel } from "../graph/onnx.ts";
import { expectClose } from "../graph/testing/close.ts";
import { InputError } from "../input-error.ts";
import type { VariantName } from "../policy/variant.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { findRobot } from "../simulation/robots.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import { chunkingOf } from "./chunking.ts";
import { exportOnnx, mostBytesInside } from "./export-onnx.ts";
import { loadPolicy } from "./load.ts";
import { picture } from "./picture.ts";
import type { LoadedPolicy } from "./policy.ts";
import { actionsOf, Client, message, startedFor } from "./protocol/testing/served.ts";
import type { ServedRobot } from "./robot.ts";
import { rollOutPolicy } from "./roll-out.ts";
import { reachingRecipe } from "./testing/reaching.ts";

const alone = { robots: 1, machine: "as trained" } as const;

const because =
  "the file normalises in float32 where a run does in float64, and its operators are of the standard alone, of which one of the runtime's is several";
let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-exported-"));
});
afterAll(() => rm(root, { recursive: true }));

/** A robot's observation; the second of its cameras gave no picture at even frames. */
function observation({ embodiment }: ServedRobot, frame: number): RobotObservation {
  const pixels = Uint8Array.from({ length: 20 * 12 * 3 }, (_, at) => (at * 7 + frame * 31) % 256);
  const seen = embodiment.cameras.flatMap(({ view, key }, at) =>
    key === null
      ? []
      : [[view, at > 0 && frame % 2 === 0 ? null : picture(pixels, { height: 12, width: 20 })] as const],
  );
  return { state: embodiment.states.map((_, at) => Math.sin(at + frame)), pictures: Object.fromEntries(seen) };
}

/** What a policy answers a robot at each of six frames. */
async function acted(policy: LoadedPolicy, [dataset, controlMode]: readonly [string, string]): Promise<number[]> {
  const robot = policy.robot({ dataset, controlMode });
  const session = policy.session(robot, { seed: 4 });
  const found: number[] = [];
  for (let frame = 0; frame < 6; frame++) {
    session.see(observation(robot, frame));
    const [chunk] = await policy.act([session.ask("pick")]);
    found.push(...chunk.actions.flat());
  }
  return found;
}

/** The policy of a run, and that of the file which it has been exported to for one of its robots. */
async function bothOf(run: MicroRun, robot: string | null, pictures: "uint8" | "float32") {
  const folder = await mkdtemp(join(root, "exported-"));
  const file = join(folder, "policy.onnx");
  await exportOnnx({ run: run.folder, file, robot, pictures, chunking: "none", mostBytes: mostBytesInside });
  return { own: await loadPolicy(run.folder, alone), exported: await loadPolicy(file, alone) };
}

/** Robots of the mixture: an arm with two cameras and actions relative to its state, and a blind cart in other slots. */
const robots = [
  ["arm", "joint"],
  ["cart", "ee"],
] as const;

describe.each<VariantName>(["smolvla", "pi05_mem"])("an exported policy %s", (variant) => {
  let run: MicroRun;
  beforeAll(async () => {
    const history = variant === "smolvla" ? { slots: 1, interval: 1, dropout: 0 } : awkwardRecipe.policy.history;
    const policy = { ...awkwardRecipe.policy, variant, history, promptTokens: 64 };
    run = await trainMicroRun({ ...awkwardRecipe, policy }, 1);
  });
  afterAll(() => run.remove());

  it.each(robots)("answers %s / %s as its run does, with the history of a session", async (...robot) => {
    const { own, exported } = await bothOf(run, robot.join(" / "), robot[0] === "arm" ? "float32" : "uint8");
    const [wanted, got] = [await acted(own, robot), await acted(exported, robot)];
    expectClose("actions", got, wanted, { absolute: 1e-6 * Math.max(...wanted.map(Math.abs)), relative: 0, because });
    // What rules of actions, metadata and clients know of a robot is that of the run, to the bit.
    const known = own.robot({ dataset: robot[0], controlMode: robot[1] });
    expect(exported.robots).toEqual([{ ...known, normalizationGroup: 0 }]);
    expect([exported.step, exported.steps, exported.rows]).toEqual([1, own.steps, 1]);
    own.release();
    exported.release();
  });
});

describe("a file", () => {
  let run: MicroRun;
  let file = "";
  let bytes: Buffer;
  beforeAll(async () => {
    const tokenizer = join(root, "words");
    writeSmallTokenizer(tokenizer, []);
    run = await trainMicroRun(
      { ...reachingRecipe, policy: { ...reachingRecipe.policy, tokenizer: { folder: tokenizer } } },
      1,
    );
    await rm(tokenizer, { recursive: true });
    file = await exportedTo("reacher.onnx", mostBytesInside);
    bytes = await readFile(file);
  });
  afterAll(() => run.remove());

  async function exportedTo(name: string, mostBytes: number): Promise<string> {
    const path = join(root, name);
    await exportOnnx({ run: run.folder, file: path, robot: null, pictures: "uint8", chunking: "none", mostBytes });
    return path;
  }

  it("is all that a server needs: its clients are told and answered what those of its run are", async () => {
    // With the run's own tokenizer: the file has it.
    const place = join(root, "gone");
    const served = await answers(run.folder);
    await rename(run.folder, place);
    const found = await answers(file);
    await rename(place, run.folder);
    expect(found.told).toEqual(served.told);
    const absolute = 1e-6 * Math.max(...served.actions.map(Math.abs));
    expectClose("actions", found.actions, served.actions, { absolute, relative: 0, because });
    expect(found.others).toEqual(served.others);
  });

  it("steers a simulated robot as its run does", async () => {
    const roll = (path: string) => rollOutPolicy({ ...rollout, run: path }, silent);
    const [own, exported] = [await roll(run.folder), await roll(file)];
    expect(exported.rollouts.map(({ isSuccess, steps }) => [isSuccess, steps])).toEqual(
      own.rollouts.map(({ isSuccess, steps }) => [isSuccess, steps]),
    );
  });

  it("may have its weights beside it, and says where they should be", async () => {
    const split = await exportedTo("split.onnx", 0);
    const acts = async (path: string) => {
      const policy = await loadPolicy(path, alone);
      const found = await acted(policy, ["reaching", "joint"]);
      policy.release();
      return found;
    };
    expect(await acts(split)).toEqual(await acts(file));
    await rename(`${split}.data`, `${split}.moved`);
    await expect(acts(split)).rejects.toThrow(/split\.onnx: expected a program that runs, got .*split\.onnx\.data/);
  });

  it.each<[string, (bytes: Buffer) => Buffer | string, string]>([
    ["a text", () => "hello", "expected an ONNX file, got something else"],
    ["nothing", () => "", "expected an ONNX file, got something else"],
    ["no graph", (own) => own.subarray(0, 2), "expected an ONNX file, got something else"],
    ["half of a file", (own) => own.subarray(0, own.length / 2), "bytes, got"],
    ["a file without its last byte", (own) => own.subarray(0, -1), "it was cut short, copy it again"],
    ["another program's", (own) => changed(own, "armature", "pytorch_"), 'wrote, got one of "pytorch_"'],
    [
      "an older version's",
      (own) => changed(own, '"formatVersion":1', '"formatVersion":0'),
      "expected metadata of version 1, got 0",
    ],
    [
      "damaged metadata",
      (own) => changed(own, '{"formatVersion"', '["formatVersion"'),
      "expected JSON, got something else",
    ],
    [
      "metadata that lack something",
      (own) => changed(own, '"threads"', '"thread5"'),
      'recipe: threads: expected a number, got nothing; unknown key "thread5"',
    ],
    [
      "other conventions",
      (own) => changed(own, '"actionSight":"causal"', '"actionSight":"both"  '),
      "expected weights trained under",
    ],
    [
      "another horizon",
      (own) => changed(own, '"actionHorizon":6', '"actionHorizon":5'),
      "expected a program that gives actions [1,5,2], got one that gives actions [1,6,2]; export the run again",
    ],
  ])("that is %s is refused in one line", async (name, change, problem) => {
    const path = join(root, `${name}.onnx`);
    await writeFile(path, change(bytes));
    const loading = loadPolicy(path, alone);
    await expect(loading).rejects.toThrow(InputError);
    await expect(loading).rejects.toThrow(problem);
    await expect(loading).rejects.toThrow(/^[^\n]+$/);
  });

  it("from before files could be served is told so, and so is one of nobody's", async () => {
    const graph = { name: "empty", nodes: [], inputs: [], outputs: [], initializers: [] };
    const path = join(root, "older.onnx");
    await writeFile(path, encodeModel(graph, { policy: "{}" }));
    await expect(loadPolicy(path, alone)).rejects.toThrow(
      `${path}: expected metadata "armature", got none, as of older versions of \`armature export\`; export the run again`,
    );
    // The version alone, and an empty graph.
    await writeFile(path, Uint8Array.of(8, 11, 58, 0));
    await expect(loadPolicy(path, alone)).rejects.toThrow("got one of nobody's name");
  });

  it("answers one robot at a time, each chunk by itself, and is exported once", async () => {
    await expect(loadPolicy(file, { ...alone, robots: 2 })).rejects.toThrow(
      `${file}: expected 1 robot in a call, as an exported file takes, got 2; serve the run`,
    );
    await expect(loadPolicy(file, { ...alone, weightKind: "int8" })).rejects.toThrow(
      `${file}: expected a run for weights as int8, got an exported file, whose program is as it is; name the run`,
    );
    for (const name of ["guided", "frozen"] as const)
      await expect(loadPolicy(file, { ...alone, chunking: chunkingOf(name) })).rejects.toThrow(
        `${file}: expected --chunking none, as the file was exported, got "${name}"; export the run again with --chunking, or serve the run`,
      );
    const again = {
      run: file,
      file: join(root, "again.onnx"),
      robot: null,
      pictures: "uint8",
      chunking: "none",
      mostBytes: mostBytesInside,
    } as const;
    await expect(exportOnnx(again)).rejects.toThrow(
      `${file}: expected a run to export, got what has been exported already`,
    );
  });
});

/** The first text of a file, as another of the same length. */
function changed(bytes: Buffer, from: string, to: string): Buffer {
  const own = Buffer.from(bytes);
  const at = own.indexOf(from);
  expect(at).toBeGreaterThan(0);
  own.write(to, at);
  return own;
}

/** What a client is told by a server of a policy, and what it is answered to two frames. */
async function answers(path: string) {
  const policy = await loadPolicy(path, alone);
  const server = await startedFor(policy, {});
  const client = new Client(server, "/?seed=3");
  const told = await client.next();
  const replies = [await client.ask(message({ prompt: "pick" })), await client.ask(message({ prompt: "kick" }))];
  client.close();
  await server.stop();
  policy.release();
  const others = replies.map((reply) => typeof reply !== "string" && [reply.get("clamped"), reply.get("slowed")]);
  return { told, actions: replies.flatMap(actionsOf), others };
}

const design = findRobot("reacher");
const rollout = {
  design,
  dataset: null,
  episodes: 2,
  seed: 2,
  execute: 3,
  delay: 1,
  sideBySide: 2,
  options: (fitting: typeof design.defaults) => ({ ...fitting, imageSize: 16 }),
  films: null,
};
const silent = { finished: () => {}, isStopped: () => false };
