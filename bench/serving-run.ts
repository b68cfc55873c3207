import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../src/command/root.ts";
import { asFound } from "../src/embodiment/mapping.ts";
import { InputError } from "../src/input-error.ts";
import { ownRecipe } from "../src/own-package.ts";
import { aloneWorld } from "../src/ranks/open-world.ts";
import { loadRecipe } from "../src/recipe/file.ts";
import type { Recipe } from "../src/recipe/schema.ts";
import { trainPolicy } from "../src/training/train.ts";
import { unwatched } from "../src/training/watcher.ts";

/** Which policy is served: `mini` as in the demo, `tiny` as in the mixture of real robots, and how many cameras it reads. */
export interface ServedChoice {
  readonly size: "mini" | "tiny";
  readonly cameras: number;
  readonly threads: number;
}

/** Pixels of the side of a camera's picture. */
export const pictureSide = 224;
export const dofs = 7;

/** A run of one step, of a robot whose numbers come from formulas. @returns its folder */
export async function servedRun(choice: ServedChoice, place: string): Promise<string> {
  const recipe = await recipeFor(choice);
  const folder = join(place, recipe.name);
  const request = { recipe, folder, start: { kind: "new" }, until: 1, cache: join(place, "cache") } as const;
  await trainPolicy({ ...request, world: await aloneWorld() }, unwatched);
  return folder;
}

async function recipeFor({ size, cameras, threads }: ServedChoice): Promise<Recipe> {
  const recipe = await loadRecipe(ownRecipe("real-mixture"));
  const views = Array.from({ length: cameras }, (_, at) => `camera_${at}`);
  const names = Array.from({ length: dofs }, (_, at) => `joint_${at}`);
  const numbers = { type: "float32", shape: [dofs], names } as const;
  const pictures = { type: "video", shape: [pictureSide, pictureSide, 3], names: null } as const;
  return {
    ...recipe,
    name: `${size}-${cameras}-cameras`,
    threads,
    data: {
      ...recipe.data,
      datasets: [
        {
          name: "arm",
          source: {
            kind: "generated",
            description: {
              robotType: "arm",
              framesPerSecond: 30,
              features: [
                { key: "action", ...numbers },
                { key: "observation.state", ...numbers },
                ...views.map((view) => ({ key: `observation.images.${view}`, ...pictures })),
              ],
              episodeLengths: [20, 20],
              tasks: ["lift"],
              seed: 1,
            },
          },
          episodes: "all",
          role: "both",
          weight: 1,
          mapping: {
            ...asFound,
            controlMode: "joint",
            cameras: Object.fromEntries(views.map((view) => [view, `observation.images.${view}`])),
            prompt: { kind: "fixed", text: "lift" },
          },
        },
      ],
    },
    batch: { size: 2, microBatch: 2 },
    validation: { ...recipe.validation, microBatch: 2, framesPerMember: 2 },
    policy: { ...recipe.policy, size, views, actionWidth: dofs, stateWidth: dofs, promptTokens: 16 },
  };
}

/** A server in a process of its own. */
export interface ServerProcess {
  readonly port: number;
  readonly pid: number;
  isUp(): boolean;
  /** Tells it to end. @returns its exit status */
  stop(): Promise<number | null>;
}

/** `armature serve` of a run, once it listens. @throws InputError with what it said where it ends instead */
export async function serveRun(run: string, words: readonly string[]): Promise<ServerProcess> {
  const program = ["--disable-warning=ExperimentalWarning", join(root, "src/command/main.ts")];
  const child = spawn(process.execPath, [...program, "serve", run, "--port", "0", ...words], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  let last = "";
  for await (const line of createInterface({ input: child.stderr })) {
    last = line;
    const port = /listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    child.stderr.resume();
    return {
      port: Number(port),
      pid: child.pid ?? 0,
      isUp: () => child.exitCode === null,
      stop: () => {
        child.kill("SIGTERM");
        return closed;
      },
    };
  }
  throw new InputError(`serve: expected a server of ${run}, got: ${last}`);
}
