import { DatasetError, type DatasetNote, type DatasetProblem, reason } from "../problem.ts";
import type { EpisodeRecord } from "./episode-record.ts";
import type { LeRobotDataset } from "./lerobot-dataset.ts";
import type { Presence } from "./presence.ts";

/** Which pictures of an episode are decoded: the first and the last, or all of them. */
export type DecodedPictures = "ends" | "all";

/** How many pictures were decoded, of how many that are here. */
export interface PictureCount {
  readonly decoded: number;
  readonly here: number;
}

/** Looks at the pictures of a dataset: at first at the films as their files describe them, then episode by episode. */
export class PictureCheck {
  readonly #dataset: LeRobotDataset;
  readonly #presence: Presence;
  readonly #choice: DecodedPictures;
  readonly #refused = new Map<string, ReadonlySet<number>>();
  #decoded = 0;
  #here = 0;
  /** Of films and rows. */
  readonly problems: DatasetProblem[] = [];
  readonly notes: DatasetNote[] = [];

  private constructor(dataset: LeRobotDataset, presence: Presence, choice: DecodedPictures) {
    this.#dataset = dataset;
    this.#presence = presence;
    this.#choice = choice;
  }

  /** A check whose films have been compared with the rows of these episodes. */
  static async begin(
    dataset: LeRobotDataset,
    presence: Presence,
    records: readonly EpisodeRecord[],
    choice: DecodedPictures,
  ): Promise<PictureCheck> {
    const check = new PictureCheck(dataset, presence, choice);
    for (const camera of dataset.cameras) {
      const here = records.filter((record) => check.#isHere(camera, record)).map(({ index }) => index);
      const { problems, notes, refused } = await dataset.compareFilmsOf(camera, here);
      check.problems.push(...problems);
      check.notes.push(...notes);
      check.#refused.set(camera, refused);
    }
    return check;
  }

  /** What is wrong with pictures of an episode, as decoding them shows: the first such picture of each camera. */
  async look(record: EpisodeRecord): Promise<DatasetProblem[]> {
    const problems: DatasetProblem[] = [];
    for (const camera of this.#dataset.cameras) {
      if (!this.#isHere(camera, record)) continue;
      this.#here += record.length;
      if (this.#refused.get(camera)?.has(record.index)) continue;
      const problem = await this.#firstUnreadable(camera, record);
      if (problem !== null) problems.push(problem);
    }
    return problems;
  }

  count(): PictureCount {
    return { decoded: this.#decoded, here: this.#here };
  }

  #isHere(camera: string, record: EpisodeRecord): boolean {
    return !this.#presence.missing(record).includes(record.videos.get(camera)?.path ?? record.table.path);
  }

  async #firstUnreadable(camera: string, { index, length, videos, table }: EpisodeRecord) {
    const frames = this.#choice === "all" ? Array(length).keys() : new Set([0, length - 1]);
    for (const frame of frames)
      try {
        await this.#dataset.picture(camera, index, frame, { height: 8, width: 8 });
        this.#decoded++;
      } catch (error) {
        const [known] = error instanceof DatasetError ? error.problems : [];
        const path = videos.get(camera)?.path ?? table.path;
        return (
          known ?? ({ code: "unreadable-video", path, message: reason(error), episode: index, row: frame } as const)
        );
      }
    return null;
  }
}
