import { z } from "zod";
import { fillTemplate } from "../path-template.ts";
import { chunkSize, dataPath, videoPath, type WrittenDescription } from "./description.ts";
import type { WrittenFolder } from "./folder.ts";
import type { FeatureStatistics } from "./statistics.ts";
import { type EpisodeStore, type FinishedEpisode, frameFooter } from "./store.ts";
import { tableBytes } from "./table.ts";

const cursorSchema = z.strictObject({ statistics: z.int().nonnegative(), records: z.int().nonnegative() });

/** Bytes of the two files that grow by a line an episode. */
type Cursor = z.infer<typeof cursorSchema>;

/** v2.1: a table and a video per camera for each episode, metadata as lines of JSON. */
export class StoreV2 implements EpisodeStore {
  readonly #folder: WrittenFolder;
  readonly #description: WrittenDescription;
  #cursor: Cursor;

  /** @param cursor what `cursor` gave, or `null` to begin */
  constructor(folder: WrittenFolder, description: WrittenDescription, cursor: unknown) {
    this.#folder = folder;
    this.#description = description;
    this.#cursor = cursor === null ? { statistics: 0, records: 0 } : cursorSchema.parse(cursor);
  }

  async putFrames(episodes: readonly FinishedEpisode[]): Promise<void> {
    for (const { index, columns, videos } of episodes) {
      const where = { episode_index: index, episode_chunk: Math.floor(index / chunkSize) };
      await this.#folder.put(
        fillTemplate(dataPath["v2.1"], where),
        tableBytes(columns, frameFooter(this.#description)),
      );
      for (const [key, video] of videos)
        this.#folder.move(video, fillTemplate(videoPath["v2.1"], { ...where, video_key: key }));
    }
  }

  async putTasks(tasks: readonly string[]): Promise<void> {
    const lines = tasks.map((task, index) => `${JSON.stringify({ task_index: index, task })}\n`);
    await this.#folder.put("meta/tasks.jsonl", lines.join(""));
  }

  /** v2.1 states none of the whole dataset: readers join those of the episodes. */
  async putStatistics(): Promise<void> {}

  async putRecords(episodes: readonly FinishedEpisode[]): Promise<void> {
    for (const episode of episodes) this.#putRecord(episode);
  }

  #putRecord({ index, tasks, length, statistics }: FinishedEpisode): void {
    const stats = Object.fromEntries([...statistics].map(([key, stated]) => [key, knownToV2(stated)]));
    const records = JSON.stringify({ episode_index: index, tasks, length });
    this.#cursor = {
      statistics: this.#folder.append(
        "meta/episodes_stats.jsonl",
        this.#cursor.statistics,
        JSON.stringify({ episode_index: index, stats }),
      ),
      records: this.#folder.append("meta/episodes.jsonl", this.#cursor.records, records),
    };
  }

  cursor(): Cursor {
    return this.#cursor;
  }
}

function knownToV2({ min, max, mean, std, count }: FeatureStatistics) {
  return { min, max, mean, std, count };
}
