import { allocate, HostArray } from "../graph/host-array.ts";
import { stream } from "../graph/random.ts";
import { InputError } from "../input-error.ts";
import type { Dataset, Episode, EpisodeTable, Feature, Fit, Picture } from "./dataset.ts";
import { isCamera } from "./feature.ts";

/** A dataset that comes from a formula instead of a disk: plain data, for examples and for the audit of padding. */
export interface GeneratedDataset {
  readonly name: string;
  readonly robotType: string;
  readonly framesPerSecond: number;
  readonly features: readonly Feature[];
  /** Frames of each episode. */
  readonly episodeLengths: readonly number[];
  /** Episode `e` begins with instruction `e mod length` and has the next one from its middle on; none where the list is empty. */
  readonly tasks: readonly string[];
  readonly seed: number;
}

/**
 * The dataset that a description gives: every number a slow sine whose phase belongs to (column, entry, episode), every
 * picture a pattern that drifts with the frame, every text the instruction after the frame's; in every third episode none.
 *
 * Its `table` and `picture` throw InputError where episode, frame or column is not there.
 */
export function generate(description: GeneratedDataset): Dataset {
  const { name, robotType, framesPerSecond, features } = description;
  const episodes = description.episodeLengths.map((length, index): Episode => ({ index, length }));
  const byKey = new Map(features.map((feature) => [feature.key, feature]));
  const found = (episode: number) => {
    const one = episodes[episode];
    if (one === undefined) throw new InputError(`dataset "${name}": expected an episode, got ${episode}`);
    return one;
  };
  return {
    name,
    root: "",
    version: "v3.0",
    robotType,
    framesPerSecond,
    features: byKey,
    cameras: features.filter(isCamera).map((feature) => feature.key),
    absentCameras: [],
    modality: { action: [], state: [], videos: [] },
    taskColumn: null,
    episodes,
    episodeKeys: [],
    problems: [],
    notes: [],
    listedEpisodes: episodes.length,
    table: async (episode) => table(description, byKey, found(episode)),
    picture: async (camera, episode, frame, fit) => {
      const feature = byKey.get(camera);
      if (feature === undefined || !isCamera(feature) || frame < 0 || frame >= found(episode).length)
        throw new InputError(`dataset "${name}": no picture of "${camera}" in episode ${episode} at frame ${frame}`);
      return drift(feature, episode, frame, fit);
    },
    compareFilms: async () => ({ problems: [], notes: [] }),
    fingerprint: async () => JSON.stringify(description),
    close: async () => {},
  };
}

/** The numbers of one entry of a generated column, by frame. */
export function generatedValue(description: GeneratedDataset, key: string, entry: number, episode: number) {
  const phases = stream(description.seed, "generated dataset", description.name, key);
  const phase = phases.uniform(0, entry, episode, 0);
  const hertz = 0.1 + 0.4 * phases.uniform(1, entry, episode, 0);
  return (frame: number) => Math.sin(2 * Math.PI * (phase + (hertz * frame) / description.framesPerSecond));
}

function table(
  description: GeneratedDataset,
  features: ReadonlyMap<string, Feature>,
  { index, length }: Episode,
): EpisodeTable {
  const { name, tasks } = description;
  const half = (frame: number) => (2 * frame < length ? 0 : 1);
  return {
    length,
    values: new Map(),
    tasks: Array.from({ length }, (_, frame) => tasks[(index + half(frame)) % tasks.length] ?? null),
    text: (key) => {
      if (features.get(key)?.type !== "string") throw new InputError(`dataset "${name}": no column of texts "${key}"`);
      const says = (frame: number) =>
        index % 3 === 2 ? null : (tasks[(index + 1 + half(frame)) % tasks.length] ?? null);
      return Array.from({ length }, (_, frame) => says(frame));
    },
    vector: (key) => {
      const feature = features.get(key);
      if (feature === undefined || isCamera(feature) || feature.type === "string")
        throw new InputError(`dataset "${name}": no column "${key}"`);
      const width = feature.shape.reduce((product, size) => product * size, 1);
      const values = allocate("float64", length * width);
      for (let entry = 0; entry < width; entry++) {
        const value = generatedValue(description, key, entry, index);
        for (let frame = 0; frame < length; frame++) values[frame * width + entry] = value(frame);
      }
      return new HostArray("i j", [length, width], "float64", values);
    },
  };
}

function drift(feature: Feature, episode: number, frame: number, fit: Fit): Picture {
  const [ownHeight = 1, ownWidth = 1] = feature.shape;
  const scale = Math.min(1, fit.height / ownHeight, fit.width / ownWidth);
  const height = Math.max(1, Math.round(ownHeight * scale));
  const width = Math.max(1, Math.round(ownWidth * scale));
  const pixels = allocate("uint8", height * width * 3);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++, at++) {
        const wave = Math.sin((2 * Math.PI * (2 * y)) / height + (2 * Math.PI * x) / width + c + episode + frame / 8);
        pixels[at] = Math.round(127.5 * (1 + wave));
      }
  return new HostArray("h w c", [height, width, 3], "uint8", pixels);
}
