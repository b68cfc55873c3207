import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../src/command/root.ts";
import { writeV2 } from "../src/dataset/testing/small-dataset.ts";
import { asFound } from "../src/embodiment/mapping.ts";
import {
  aloneWorld,
  loadPolicy,
  type Recipe,
  type RecipeDataset,
  trainPolicy,
  unwatched,
  validateRun,
} from "../src/index.ts";
import { plainRecipe } from "../src/recipe/testing/awkward-recipe.ts";
import { type MicroRun, trainMicroRun } from "../src/training/testing/micro-run.ts";
import { libraryExample } from "./library-example.ts";

/** The robot of docs/from-code.md: six joints and a gripper, with a camera. */
const dobot: RecipeDataset = {
  name: "dobot_cr5",
  source: {
    kind: "generated",
    description: {
      robotType: "cr5",
      framesPerSecond: 10,
      features: [
        { key: "action", type: "float32", shape: [7], names: null },
        { key: "observation.state", type: "float32", shape: [6], names: null },
        { key: "observation.images.camera", type: "video", shape: [12, 16, 3], names: null },
      ],
      episodeLengths: [9, 12, 10],
      tasks: ["go"],
      seed: 1,
    },
  },
  episodes: "all",
  role: "both",
  weight: 1,
  mapping: { ...asFound, controlMode: "joint" },
};

let run: MicroRun;
let place = "";
beforeAll(async () => {
  run = await trainMicroRun(plainRecipe([dobot], ["camera"]), 1);
  place = await mkdtemp(join(tmpdir(), "armature-library-"));
});
afterAll(async () => {
  await run.remove();
  await rm(place, { recursive: true });
});

it("the lines of docs/from-code.md run as they stand, on a run of the same robot", async () => {
  const lines = libraryExample();
  const [, used, folder] = /from ("armature");[\s\S]*loadPolicy\(("[^"]+")/.exec(lines) ?? [];
  expect(lines.split("\n").filter((line) => line !== "").length).toBeLessThanOrEqual(10);
  const script = lines
    .replace(used ?? "", JSON.stringify(join(root, "src/index.ts")))
    .replace(folder ?? "", JSON.stringify(run.folder));
  await writeFile(join(place, "use.ts"), `${script}export {};\n`);
  const { stdout } = await promisify(execFile)(process.execPath, [join(place, "use.ts")]);
  expect(stdout).toMatch(/^5 steps, 10 per second; now: \[(\s*-?\d[\d.e-]*,?){7}\s*\]\n$/);
});

it("a run acts where its datasets are no more", async () => {
  const data = join(place, "arm");
  await writeV2(data, [8, 9, 7], {}, () => []);
  const source = { kind: "lerobot", location: "arm", taskAnnotation: "declared" } as const;
  const plain = plainRecipe([{ ...dobot, name: "arm", source }], []);
  const recipe: Recipe = { ...plain, data: { ...plain.data, root: place } };
  const folder = join(place, "run");
  const world = await aloneWorld();
  const cache = join(place, "cache");
  await trainPolicy({ recipe, folder, start: { kind: "new" }, until: 1, cache, world }, unwatched);
  const { actionErrors } = await validateRun(
    { folder, recipe, cache, actionSamples: 2, allowed: new Set<never>(), world },
    () => {},
  );
  expect(actionErrors.map(({ dof }) => dof)).toEqual(["x", "y"]);
  await rm(data, { recursive: true });
  await rm(cache, { recursive: true });
  const policy = await loadPolicy(folder, { robots: 1, machine: "as trained" });
  const robot = policy.robot({ robotType: "toy" });
  const noise = { seed: 1, episode: 0, frame: 0, draw: 0 };
  const [chunk] = await policy.act([{ robot, observations: [{ state: [], pictures: {} }], prompt: "wave", noise }]);
  policy.release();
  expect(chunk.actions).toHaveLength(5);
  for (const step of chunk.actions) expect(step.every(Number.isFinite) && step.length === 2).toBe(true);
});
