import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Dataset } from "../dataset/dataset.ts";
import { generate } from "../dataset/generated.ts";
import { writeV2 } from "../dataset/testing/small-dataset.ts";
import { asFound, embody, type Mapping } from "../embodiment/mapping.ts";
import { InputError } from "../input-error.ts";
import { type EpisodeChoice, episodesLeftOut, type OnProblem, openedEpisodes } from "./leave-out.ts";
import { openMixture } from "./mixture.ts";
import { recorded } from "./testing/recorded.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
  // Episode 1 has no number in its last action, episode 3 a task that no table has.
  await writeV2(root, [3, 3, 3, 3, 3], {}, (episode) => {
    const values = [0, 1, episode === 1 ? Number.NaN : 2].map((value) => [value, episode]);
    const task = { name: "task_index", kind: "int64", values: [0, 0, episode === 3 ? 7 : 0] } as const;
    return [{ name: "action", kind: "floats", values }, task];
  });
});
afterEach(async () => await rm(root, { recursive: true }));

async function opened(episodes: EpisodeChoice, onProblem: OnProblem | undefined) {
  const source = { kind: "lerobot", location: root, taskAnnotation: "declared" } as const;
  const mapping = { ...asFound, controlMode: "ee" };
  const entry = { name: "toy", source, episodes, mapping, role: "train", weight: null, validationRatio: 0.5 } as const;
  const how = { seed: 1, views: [], windows: "every", entries: [entry], pictureMemoryBytes: 0 } as const;
  const { mixture, datasets, leftOut, close } = await openMixture({ ...how, onProblem });
  await close();
  return { used: mixture.members[0]!.train.episodes, known: datasets[0]!.episodes.length, leftOut: leftOut[0] };
}

describe("episodes are left out", () => {
  it("by a list, with their count and numbers", async () => {
    const leftOut = ["2 by the recipe's list (0, 2)"];
    expect(await opened({ allBut: [0, 2] }, undefined)).toEqual({ used: [1, 3, 4], known: 3, leftOut });
  });

  it("where something is wrong with them and the recipe says so, with the first reason; others stay", async () => {
    const { used, leftOut } = await opened("all", "leave out");
    expect(used).toEqual([0, 2, 4]);
    expect(leftOut).toEqual([
      expect.stringMatching(
        /^2 with problems \(1, 3\), the first: .*expected a finite number at frame 2 of episode 1, entry 0, got NaN$/,
      ),
    ]);
  });

  it("by no one's choice where the recipe says nothing", async () => {
    expect(await opened("all", undefined)).toEqual({ used: [0, 1, 2, 3, 4], known: 5, leftOut: [] });
  });

  it("but not all of them", async () => {
    await expect(opened({ allBut: [0, 1, 2, 3, 4] }, undefined)).rejects.toThrow(
      /expected episodes that are not left out, got none$/,
    );
    await expect(opened([1, 3], "leave out")).rejects.toThrow(/got none: .*expected a finite number/);
  });
});

it("a dataset is opened with the episodes of a list, and whole where the list says which are not wanted", () => {
  expect(openedEpisodes("all")).toBe("all");
  expect(openedEpisodes([4, 2])).toEqual([4, 2]);
  expect(openedEpisodes({ allBut: [4, 2] })).toBe("all");
});

describe("the episodes that cannot be trained on", () => {
  const camera = { key: "observation.images.top", type: "video", shape: [16, 16, 3], names: null };
  const action = { key: "action", type: "float32", shape: [1], names: null };
  const description = { name: "toy", robotType: "toy", framesPerSecond: 10, tasks: ["wave"], seed: 1 };
  const dataset = generate({ ...description, features: [action, camera], episodeLengths: [3, 4, 5] });
  const leaveOut = (from: Dataset, changes: Partial<Mapping>, choice: EpisodeChoice, below: number | null) => {
    const embodiment = embody({ ...asFound, controlMode: "joint", ...changes }, from, ["top", "wrist"]);
    const trimIdle = below === null ? null : { below, keep: 1 };
    return episodesLeftOut(from, embodiment, { choice, onProblem: "leave out", trimIdle });
  };
  const withTasks = (tasks: Readonly<Record<number, readonly (string | null)[]>>): Dataset => ({
    ...dataset,
    table: async (episode) => {
      const table = await dataset.table(episode);
      return { ...table, tasks: tasks[episode] ?? table.tasks };
    },
  });
  const seen = { cameras: { top: camera.key } };

  it("have a frame without an instruction, where instructions are the dataset's", async () => {
    const silent = withTasks({ 0: [null, null, null], 1: ["wave", "wave", null, "wave"] });
    const reason = "expected an instruction at frame 0 of episode 0, got none";
    expect(await leaveOut(silent, seen, "all", null)).toEqual({
      episodes: [0, 1],
      reasons: [`2 with problems (0–1), the first: ${reason}`],
    });
    expect(await leaveOut(silent, seen, { allBut: [0] }, null)).toEqual({
      episodes: [0, 1],
      reasons: [
        "1 by the recipe's list (0)",
        "1 with problems (1), the first: expected an instruction at frame 2 of episode 1, got none",
      ],
    });
    const fixed = { ...seen, prompt: { kind: "fixed", text: "wave" } } as const;
    expect(await leaveOut(silent, fixed, "all", null)).toEqual({ episodes: [], reasons: [] });
  });

  it("have no first picture, of a camera that the robot has", async () => {
    // Episode 2 has pictures from its second frame on.
    const late: Dataset = {
      ...dataset,
      picture: async (key, episode, frame, fit) => {
        if (episode === 2 && frame === 0) throw new InputError("no picture at frame 0 of episode 2");
        return await dataset.picture(key, episode, frame, fit);
      },
    };
    expect(await leaveOut(late, seen, "all", null)).toEqual({
      episodes: [2],
      reasons: ["1 with problems (2), the first: no picture at frame 0 of episode 2"],
    });
    expect(await leaveOut(late, { cameras: {} }, "all", null)).toEqual({ episodes: [], reasons: [] });
  });

  it("have nothing that moves, where idle frames are trimmed", async () => {
    const moving = [[0], [1], [2]];
    const { dataset: toy } = recorded("toy", { action: [moving, [[0], [0.5], [0]], moving] }, 10);
    expect(await leaveOut(toy, {}, "all", 0.5)).toEqual({
      episodes: [1],
      reasons: [
        "1 with problems (1), the first: expected episodes that move by more than trimIdle.below, got episode 1 in which " +
          "nothing does; leave them out, or lower it",
      ],
    });
    expect(await leaveOut(toy, {}, "all", 0.25)).toEqual({ episodes: [], reasons: [] });
    expect(await leaveOut(toy, {}, "all", null)).toEqual({ episodes: [], reasons: [] });
  });

  it("are not all of a dataset, and not those that a failure of the program keeps from being read", async () => {
    const silent = withTasks({ 0: [null, null, null], 1: [null, "wave", "wave", "wave"] });
    await expect(leaveOut(silent, seen, { allBut: [2] }, null)).rejects.toThrow(
      new InputError(
        'dataset "toy": expected episodes that are not left out, got none: expected an instruction at frame 0 of episode 0, got none',
      ),
    );
    const failing: Dataset = { ...dataset, table: () => Promise.reject(new RangeError("out of memory")) };
    await expect(leaveOut(failing, seen, "all", null)).rejects.toThrow(new RangeError("out of memory"));
  });
});
