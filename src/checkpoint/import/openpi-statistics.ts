import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { InputError } from "../../input-error.ts";
import { parseInput } from "../../parse-input.ts";
import type { ForeignPolicy } from "./imported.ts";
import { type ForeignRobot, viewsOf } from "./lerobot-robot.ts";
import { type ForeignNormalization, foreignNormalization } from "./normalization.ts";
import { jsonOf } from "./tensor-source.ts";

const cells = z.array(z.number());
const vectorSchema = z.object({ mean: cells, std: cells, q01: cells.nullish(), q99: cells.nullish() });
const fileSchema = z.object({ norm_stats: z.object({ state: vectorSchema, actions: vectorSchema }) });

const file = "norm_stats.json";

/** A robot as openpi's statistics know it: its widths, before they are filled up to the policy's. */
export interface OpenpiRobot {
  readonly robot: ForeignRobot;
  readonly normalization: ForeignNormalization;
}

/**
 * The robot of the statistics that lie beside openpi's weights; `null` where none do.
 *
 * π0 is normalised by mean and deviation, every later policy by quantiles.
 *
 * @throws InputError where several files of statistics are there, or one is malformed
 * @source openpi `shared/normalize.py`, `transforms.py` `Normalize`, `training/config.py`
 */
export async function openpiRobot(folder: string, policy: ForeignPolicy): Promise<OpenpiRobot | null> {
  const found = await statisticsFiles(folder);
  const [path] = found;
  if (path === undefined) return null;
  if (found.length > 1)
    throw new InputError(`${folder}: expected one ${file}, got ${found.join(", ")}; leave that of your robot`);
  const { state, actions } = parseInput(path, fileSchema, jsonOf(path, await readFile(path, "utf8"))).norm_stats;
  const column = (key: string, width: number) => {
    return { key, names: Array.from({ length: width }, (_, at) => `${key}.${at}`) };
  };
  const robot: ForeignRobot = {
    state: column("state", state.mean.length),
    action: column("actions", actions.mean.length),
    cameras: viewsOf(policy.cameras),
  };
  const mode = policy.variant === "pi0" ? ("mean-std" as const) : ("quantile" as const);
  const normalization = foreignNormalization(path, 1e-6, {
    state: { column: robot.state, mode, given: givenOf(state) },
    action: { column: robot.action, mode, given: givenOf(actions) },
  });
  return { robot, normalization };
}

function givenOf(vector: z.infer<typeof vectorSchema>): Map<string, readonly number[]> {
  return new Map(
    Object.entries(vector).flatMap(([name, own]) => (own === null || own === undefined ? [] : [[name, own] as const])),
  );
}

/** Beside the weights, or in a folder for each robot below `assets`. */
async function statisticsFiles(folder: string): Promise<string[]> {
  const beside = join(folder, file);
  if (existsSync(beside)) return [beside];
  const assets = join(folder, "assets");
  if (!existsSync(assets)) return [];
  const below = await readdir(assets, { recursive: true });
  return below.filter((name) => name === file || name.endsWith(`/${file}`)).map((name) => join(assets, name));
}
