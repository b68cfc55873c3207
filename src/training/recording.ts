import type { Dataset } from "../dataset/dataset.ts";
import { actionsFrom, trajectory } from "../embodiment/window.ts";
import { frameCount } from "../mixture/frames.ts";
import type { Member } from "../mixture/mixture.ts";
import type { Draw } from "../mixture/sampler.ts";
import { openMember } from "../mixture/source.ts";
import type { Padded } from "../validity/padded.ts";

/** What a robot did from a frame on, in its own units and order. */
export interface RecordedActions {
  /** Real by step. */
  readonly actions: Padded<"t d", "float64", "t">;
  /** The state at the frame. */
  readonly state: Float64Array;
}

/** The held-out episodes of a mixture as they were recorded: neither normalised nor made relative. */
export class Recordings {
  /** One per member; `null` where nothing is held out or there is no robot. */
  readonly #datasets: readonly (Dataset | null)[];
  readonly #members: readonly Member[];

  private constructor(members: readonly Member[], datasets: readonly (Dataset | null)[]) {
    this.#members = members;
    this.#datasets = datasets;
  }

  /** @throws InputError if a dataset cannot be opened any more */
  static async open(members: readonly Member[]): Promise<Recordings> {
    const datasets: (Dataset | null)[] = [];
    const recordings = new Recordings(members, datasets);
    try {
      for (const member of members)
        datasets.push(
          member.embodiment.target === "none" || frameCount(member.validation) === 0
            ? null
            : await openMember(member, { episodes: member.validation.episodes, pictureMemoryBytes: 0 }),
        );
      return recordings;
    } catch (error) {
      await recordings.close();
      throw error;
    }
  }

  /** What was recorded from a held-out frame on; `null` where the sample has no robot target. */
  async at(
    { member, episode, frame }: Draw,
    choice: { readonly steps: number; readonly rate: number | "native" },
  ): Promise<RecordedActions | null> {
    const dataset = this.#datasets[member];
    if (dataset == null) return null;
    const { embodiment, framesPerSecond } = this.#members[member]!;
    const path = trajectory(await dataset.table(episode), embodiment, framesPerSecond);
    const width = path.states.shape[1]!;
    return {
      actions: actionsFrom(path, frame, { ...choice, frame: "absolute", pastEnd: "nothing" }),
      state: path.states.cells.subarray(frame * width, (frame + 1) * width),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#datasets.map((dataset) => dataset?.close()));
  }
}
