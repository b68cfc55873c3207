import { join } from "node:path";
import { z } from "zod";
import { describedIssue } from "../../parse-input.ts";
import type { DatasetVersion, Feature } from "../dataset.ts";
import { depthFilmType, depthType, isCamera } from "../feature.ts";
import { type DatasetNote, type DatasetProblem, misfit } from "../problem.ts";
import { ForeignFileError } from "./foreign-file.ts";
import { parseForeignJson, readForeignText } from "./foreign-json.ts";
import { elsewhere } from "./nearby.ts";

/** `meta/info.json`, as far as it is used. */
export interface Info {
  readonly version: DatasetVersion;
  readonly robotType: string;
  readonly framesPerSecond: number;
  readonly features: ReadonlyMap<string, Feature>;
  /** Keys of the cameras that are declared to see distances. */
  readonly depthCameras: readonly string[];
  /** Python format strings that give a file's path. */
  readonly tablePath: string;
  readonly videoPath: string | null;
  /** v2 only: episodes per folder. */
  readonly chunkSize: number;
  readonly totalEpisodes: number;
  readonly totalFrames: number;
  /** What of it is read otherwise than it stands there. */
  readonly notes: readonly DatasetNote[];
}

/** Metadata that cannot be used, and the version that it states. */
export interface UnreadableInfo {
  /** `null` where it states none. */
  readonly statedVersion: string | null;
  readonly problems: readonly DatasetProblem[];
}

const featureSchema = z.looseObject({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  names: z.unknown().optional(),
  info: z.unknown().optional(),
  video_info: z.unknown().optional(),
});

const infoSchema = z.looseObject({
  codebase_version: z.union([z.string(), z.number()]),
  robot_type: z.string().nullish(),
  fps: z.number().positive(),
  total_episodes: z.int().nonnegative(),
  total_frames: z.int().nonnegative(),
  chunks_size: z.int().positive().optional(),
  data_path: z.string(),
  video_path: z.string().nullish(),
  features: z.record(z.string(), featureSchema),
});

const path = "meta/info.json";
const versions = ["v2.0", "v2.1", "v3.0"] as const;

/**
 * The metadata of a dataset, or everything that is wrong with it.
 *
 * @param depth keys of the depth cameras that are read: films of them are videos
 */
export async function readInfo(root: string, depth: readonly string[]): Promise<Info | UnreadableInfo> {
  let json: unknown;
  try {
    json = parseForeignJson(await readForeignText(join(root, path)));
  } catch (error) {
    const isThere = error instanceof ForeignFileError;
    const code = isThere ? "malformed-metadata" : "missing-metadata";
    const message = misfit(`the metadata of a LeRobot dataset in ${root}`, error);
    const place = isThere ? "" : await elsewhere(root);
    return { statedVersion: null, problems: [{ code, path, message: `${message}${place}` }] };
  }
  const stated = statedVersion(json);
  const version = versions.find((known) => known === plainVersion(stated));
  const unusable = (problems: readonly DatasetProblem[]) => ({ statedVersion: stated, problems });
  if (stated !== null && version === undefined)
    return unusable([{ code: "unknown-version", path, message: unknownVersion(stated) }]);
  const parsed = infoSchema.safeParse(json, { reportInput: true });
  if (!parsed.success) return unusable(parsed.error.issues.map(entryProblem));
  if (version === undefined) throw new RangeError("info: expected a version, which the schema asks for");
  const { data } = parsed;
  if (data.chunks_size === undefined && version !== "v3.0") return unusable([noChunkSize]);
  const { features, notes } = featuresOf(data.features, depth);
  const depthCameras = Object.entries(data.features).flatMap(([key, one]) => (seesDepth(one) ? [key] : []));
  return {
    version,
    robotType: data.robot_type ?? "",
    framesPerSecond: data.fps,
    features,
    depthCameras,
    tablePath: data.data_path,
    videoPath: data.video_path ?? null,
    chunkSize: data.chunks_size ?? 1000,
    totalEpisodes: data.total_episodes,
    totalFrames: data.total_frames,
    notes,
  };
}

function statedVersion(json: unknown): string | null {
  const found = z.looseObject({ codebase_version: z.union([z.string(), z.number()]) }).safeParse(json).data;
  return found === undefined ? null : String(found.codebase_version);
}

/** LeRobot compares versions as Python does: "2.1" and "v2.1.0" are v2.1. */
function plainVersion(stated: string | null): string | null {
  const parts = /^v?(\d+\.\d+)(?:\.0)*$/.exec(stated?.trim() ?? "");
  return parts === null ? null : `v${parts[1]}`;
}

const noChunkSize: DatasetProblem = {
  code: "malformed-metadata",
  path: `${path} chunks_size`,
  message: "expected the number of episodes in a folder, got nothing; LeRobot's own is 1000",
};

function entryProblem(issue: z.core.$ZodIssue): DatasetProblem {
  const message = describedIssue({ ...issue, path: [] });
  return { code: "malformed-metadata", path: [path, issue.path.join(".")].join(" ").trim(), message };
}

function unknownVersion(version: string): string {
  const known = versions.join(", ");
  return `expected LeRobot version ${known}, got "${version}"; convert the dataset with LeRobot's own scripts`;
}

type DeclaredFeatures = z.infer<typeof infoSchema>["features"];

function featuresOf(
  declared: DeclaredFeatures,
  read: readonly string[],
): { features: Map<string, Feature>; notes: DatasetNote[] } {
  const notes: DatasetNote[] = [];
  const features = Object.entries(declared).map(([key, one]): [string, Feature] => {
    const { shape, names } = one;
    const feature = { key, type: typeOf(one, read.includes(key)), shape, names: null };
    if (seesDepth(one) && !read.includes(key))
      notes.push({ code: "depth-left-out", path: `column "${key}"`, message: depthLeftOut });
    if (isPixels(one)) notes.push({ code: "pixels-as-numbers", path: `column "${key}"`, message: pixelsLeftOut });
    const own = flatten(names);
    if (isCamera(feature) || shape.length !== 1 || own.length === 0) return [key, feature];
    if (own.length !== shape[0]) {
      const message = `${own.length} names for ${shape[0]} entries: none of them is used`;
      notes.push({ code: "misfitting-names", path: `column "${key}"`, message });
      return [key, feature];
    }
    const told = toldApart(own);
    const changed = own.flatMap((name, at) => (told[at] === name ? [] : [told[at]!]));
    if (changed.length > 0) {
      const message = `names that occur more than once are numbered: ${changed.join(", ")}`;
      notes.push({ code: "repeated-names", path: `column "${key}"`, message });
    }
    return [key, { ...feature, names: told }];
  });
  return { features: new Map(features), notes };
}

const depthLeftOut =
  'a depth camera, whose numbers are distances and no colours: left out, unless the recipe\'s source gives it a range, "depth"';

const pixelsLeftOut =
  "pictures as lists of numbers, which are no camera here: store them as PNG or JPEG (dtype image), or as films (dtype video)";

/** Whether rows of bytes have the shape of a picture, with its channels first or last. */
function isPixels({ dtype, shape }: DeclaredFeature): boolean {
  const [first = 0, height = 0, last = 0] = shape;
  const channels = [1, 3, 4];
  return dtype === "uint8" && shape.length === 3 && height > 4 && (channels.includes(first) || channels.includes(last));
}

type DeclaredFeature = DeclaredFeatures[string];

function typeOf(feature: DeclaredFeature, isRead: boolean): string {
  if (!seesDepth(feature)) return feature.dtype;
  if (feature.dtype === "video") return isRead ? "video" : depthFilmType;
  return depthType;
}

function seesDepth({ dtype, info, video_info }: DeclaredFeature): boolean {
  return dtype === depthType || [info, video_info].some(saysDepth);
}

/** Whether what a feature says of its pictures calls them a depth map. */
function saysDepth(said: unknown): boolean {
  const keys = ["is_depth_map", "video.is_depth_map"];
  return (
    typeof said === "object" &&
    said !== null &&
    Object.entries(said).some(([key, value]) => keys.includes(key) && value === true)
  );
}

/** "gripper, gripper" as "gripper_1, gripper_2". */
function toldApart(names: readonly string[]): string[] {
  const taken = new Set(names);
  const counts = new Map<string, number>();
  return names.map((name) => {
    if (names.indexOf(name) === names.lastIndexOf(name)) return name;
    let count = counts.get(name) ?? 0;
    do count++;
    while (taken.has(`${name}_${count}`));
    counts.set(name, count);
    return `${name}_${count}`;
  });
}

// LeRobot datasets give names as a list, a list in a list, {"motors": list}, or the place of each: {"x": 0, "y": 1}.
function flatten(names: unknown): string[] {
  if (typeof names === "string") return [names];
  if (Array.isArray(names)) return names.flatMap(flatten);
  if (typeof names !== "object" || names === null) return [];
  const places = Object.entries(names).toSorted(([, one], [, other]) => one - other);
  if (places.length > 0 && places.every(([, place], at) => place === at)) return places.map(([name]) => name);
  return Object.values(names).flatMap(flatten);
}
