import { allocate, HostArray } from "../../graph/host-array.ts";
import type { Picture } from "../dataset.ts";
import { DatasetWriter } from "../write/dataset-writer.ts";
import type { WrittenDescription, WrittenVersion } from "../write/description.ts";

export const toyCamera = "observation.images.top";
export const side = 64;

export function description(version: WrittenVersion, changes: Partial<WrittenDescription>): WrittenDescription {
  return {
    version,
    robotType: "toy",
    framesPerSecond: 10,
    codec: "h264",
    source: { seed: 1 },
    vectors: [
      { key: "observation.state", names: ["a", "b", "c"] },
      { key: "action", names: ["a"] },
    ],
    cameras: [{ key: toyCamera, height: side, width: side }],
    ...changes,
  };
}

/** A square that goes a pixel further with every frame, in a grey of its own for every episode. */
export function toyPicture(episode: number, frame: number): Picture {
  const cells = allocate("uint8", side * side * 3).fill(40 + 30 * episode);
  for (let row = 8; row < 24; row++)
    for (let column = 2 * frame; column < 2 * frame + 16; column++) cells.set([220, 40, 30], 3 * (row * side + column));
  return new HostArray("h w c", [side, side, 3], "uint8", cells);
}

export function state(episode: number, frame: number): number[] {
  return [frame / 3, episode + 0.1, -frame];
}

/** Frames of each episode. */
export const lengths = [5, 3, 8, 4];

export async function addEpisode(writer: DatasetWriter, episode: number): Promise<void> {
  for (let frame = 0; frame < lengths[episode]!; frame++)
    writer.add({
      vectors: new Map([
        ["observation.state", state(episode, frame)],
        ["action", [frame * episode]],
      ]),
      pictures: new Map([[toyCamera, toyPicture(episode, frame)]]),
      task: episode === 2 ? "push" : "reach",
    });
  await writer.finishEpisode({ attempts: episode + 1 });
}

export async function write(root: string, version: WrittenVersion, episodes: number): Promise<void> {
  const writer = await DatasetWriter.create(root, description(version, {}));
  for (let episode = 0; episode < episodes; episode++) await addEpisode(writer, episode);
  await writer.finish();
}

/** Numbers of a frame where only the episode matters. */
export function vectorsOf(episode: number): Map<string, number[]> {
  return new Map(Object.entries({ "observation.state": [episode, 0, 0], action: [episode] }));
}

/** How a toy recording is opened. */
export const toyChoice = { name: "toy", episodes: "all", taskAnnotation: "declared", pictureMemoryBytes: 0 } as const;
