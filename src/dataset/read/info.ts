import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { DatasetVersion, Feature } from "../dataset.ts";
import { type DatasetProblem, reason } from "../problem.ts";

/** `meta/info.json`, as far as it is used. */
export interface Info {
  readonly version: DatasetVersion;
  readonly robotType: string;
  readonly framesPerSecond: number;
  readonly features: ReadonlyMap<string, Feature>;
  /** Python format strings that give a file's path. */
  readonly tablePath: string;
  readonly videoPath: string | null;
  /** v2 only: episodes per folder. */
  readonly chunkSize: number;
  readonly totalEpisodes: number;
  readonly totalFrames: number;
}

const featureSchema = z.looseObject({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  names: z.unknown().optional(),
});

const infoSchema = z.looseObject({
  codebase_version: z.string(),
  robot_type: z.string().nullish(),
  fps: z.number().positive(),
  total_episodes: z.int().nonnegative(),
  total_frames: z.int().nonnegative(),
  chunks_size: z.int().positive(),
  data_path: z.string(),
  video_path: z.string().nullish(),
  features: z.record(z.string(), featureSchema),
});

const versions = ["v2.0", "v2.1", "v3.0"] as const;

/** The metadata of a dataset, or everything that is wrong with it. */
export async function readInfo(root: string): Promise<Info | readonly DatasetProblem[]> {
  const path = "meta/info.json";
  let json: unknown;
  try {
    json = JSON.parse(await readFile(join(root, path), "utf8"));
  } catch (error) {
    const code = error instanceof SyntaxError ? "malformed-metadata" : "missing-metadata";
    return [{ code, path, message: `expected the metadata of a LeRobot dataset in ${root}, got ${reason(error)}` }];
  }
  const stated = z.looseObject({ codebase_version: z.string() }).safeParse(json);
  const version = versions.find((known) => known === stated.data?.codebase_version);
  if (stated.success && version === undefined)
    return [{ code: "unknown-version", path, message: unknownVersion(stated.data.codebase_version) }];
  const parsed = infoSchema.safeParse(json);
  if (!parsed.success || version === undefined)
    return (parsed.error?.issues ?? []).map((issue) => ({
      code: "malformed-metadata",
      path: `${path} ${issue.path.join(".")}`,
      message: issue.message,
    }));
  const features = Object.entries(parsed.data.features).map(([key, { dtype, shape, names }]) => {
    const flat = flatten(names);
    const fits = shape.length === 1 && flat.length === shape[0];
    return [key, { key, type: dtype, shape, names: fits ? flat : null }] as const;
  });
  return {
    version,
    robotType: parsed.data.robot_type ?? "",
    framesPerSecond: parsed.data.fps,
    features: new Map(features),
    tablePath: parsed.data.data_path,
    videoPath: parsed.data.video_path ?? null,
    chunkSize: parsed.data.chunks_size,
    totalEpisodes: parsed.data.total_episodes,
    totalFrames: parsed.data.total_frames,
  };
}

function unknownVersion(version: string): string {
  const known = versions.join(", ");
  return `expected LeRobot version ${known}, got "${version}"; convert the dataset with LeRobot's own scripts`;
}

// LeRobot datasets give names as a list, a list in a list, or {"motors": list}.
function flatten(names: unknown): string[] {
  if (typeof names === "string") return [names];
  if (Array.isArray(names)) return names.flatMap(flatten);
  if (typeof names === "object" && names !== null) return Object.values(names).flatMap(flatten);
  return [];
}
