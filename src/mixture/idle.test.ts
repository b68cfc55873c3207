import { describe, expect, it } from "vitest";
import { generate } from "../dataset/generated.ts";
import { asFound, embody } from "../embodiment/mapping.ts";
import { HostArray } from "../graph/host-array.ts";
import { InputError } from "../input-error.ts";
import { movingSpan, movingSpans, type TrimIdle, thresholdsOf, trimmedCount } from "./idle.ts";
import { type EpisodeRows, recorded, withEpisodes } from "./testing/recorded.ts";

/** One dof and one state entry, by frame. */
function spanOf(actions: readonly number[], states: readonly number[], below: number, keep: number) {
  const column = (values: readonly number[]) =>
    new HostArray("i j", [values.length, 1], "float64", Float64Array.from(values));
  return movingSpan({ actions: column(actions), states: column(states) }, { action: [below], state: [below] }, keep);
}
const still = (length: number) => new Array<number>(length).fill(5);

describe("the frames of an episode in which something moves", () => {
  const there = [0, 0, 0, 0, 1, 2, 3, 3, 3];

  it("go from the last at rest to the first at rest", () => {
    expect(spanOf(there, still(9), 0.5, 1)).toEqual({ first: 3, length: 4 });
  });

  it("have as many idle frames beside them as are kept, and no more than there are", () => {
    expect(spanOf(there, still(9), 0.5, 2)).toEqual({ first: 2, length: 6 });
    expect(spanOf(there, still(9), 0.5, 3)).toEqual({ first: 1, length: 8 });
    expect(spanOf(there, still(9), 0.5, 20)).toEqual({ first: 0, length: 9 });
  });

  it("are those of the state where the action rests, and of the action where the state does", () => {
    expect(spanOf(still(9), there, 0.5, 1)).toEqual({ first: 3, length: 4 });
    // The state follows two frames behind the action, and ends so.
    expect(spanOf([0, 0, 1, 2, 2, 2, 2, 2], [0, 0, 0, 0, 1, 2, 2, 2], 0.5, 1)).toEqual({ first: 1, length: 5 });
  });

  it("begin where a slow motion adds up to the threshold, and a change as large as the threshold is none", () => {
    // From 0 by quarters: 0.75 is the first that is further than 0.5; from 2 back, 1.25 is.
    const slow = [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
    expect(spanOf(slow, still(9), 0.5, 1)).toEqual({ first: 2, length: 5 });
  });

  it("are in the middle of an episode too where it rests there", () => {
    expect(spanOf([0, 0, 1, 1, 1, 1, 2, 2], still(8), 0.5, 1)).toEqual({ first: 1, length: 6 });
  });

  it("are both frames of a single jump, and those of a motion that comes back", () => {
    expect(spanOf([0, 0, 0, 1, 1, 1], still(6), 0.5, 1)).toEqual({ first: 2, length: 2 });
    expect(spanOf([0, 0, 1, 0, 0, 0], still(6), 0.5, 1)).toEqual({ first: 1, length: 3 });
    // The end is near the start and near what it moved to.
    expect(spanOf([0, 0, 0.75, 0.375, 0.375], still(5), 0.5, 1)).toEqual({ first: 1, length: 2 });
  });

  it("are none where nothing moves by more than the threshold", () => {
    expect(spanOf([0, 0.5, 0, 0.5], still(4), 0.5, 1)).toBeNull();
    expect(spanOf([7], still(1), 0.5, 1)).toBeNull();
  });
});

describe("the frames of each episode of a dataset", () => {
  // Actions of two entries: the one at 10 rests, the other moves from 20, or does not.
  const rests = [20, 20, 20, 20, 20];
  const second = [[20, 20, 20, 21, 21, 21], rests, [20, 21, 22, 22, 22, 22, 22], rests, rests, rests];
  const action: EpisodeRows = second.map((values) => values.map((value) => [10, value]));
  const { dataset } = recorded("toy", { action }, 10);
  const embodiment = embody({ ...asFound, controlMode: "joint" }, dataset, []);
  const spans = (episodes: readonly number[], below: TrimIdle["below"]) =>
    movingSpans(withEpisodes(dataset, episodes), embodiment, { below, keep: 1 });

  it("are given with the episode's own number, by whichever entry moves", async () => {
    expect(await spans([0, 2], 0.5)).toEqual([
      { episode: 0, first: 2, length: 2 },
      { episode: 2, first: 0, length: 3 },
    ]);
    // Frame 2 is the first that is further than 1 from the start, frame 0 the last that is so from the end: one jump, from frame 1 to 2.
    expect(await spans([2], 1)).toEqual([{ episode: 2, first: 1, length: 2 }]);
  });

  it("need a motion in every episode: those without are named, one or many", async () => {
    const wanted = 'dataset "toy": expected episodes that move by more than trimIdle.below, got';
    const cure = "in which nothing does; leave them out, or lower it";
    await expect(spans([0, 1, 2], 0.5)).rejects.toThrow(new InputError(`${wanted} episode 1 ${cure}`));
    await expect(spans([0, 1, 2, 3, 4, 5], 0.5)).rejects.toThrow(new InputError(`${wanted} episodes 1, 3–5 ${cure}`));
    // The entry that moves is not looked at.
    await expect(spans([0, 2], { "action.0": 0.5 })).rejects.toThrow(`${wanted} episodes 0, 2 ${cure}`);
    expect(await spans([0], { "action.1": 0.5 })).toEqual([{ episode: 0, first: 2, length: 2 }]);
  });
});

describe("thresholds by name", () => {
  const names = ["elbow", "gripper"];
  const features = ["action", "observation.state"].map((key) => ({ key, type: "float32", shape: [2], names }));
  const description = { name: "toy", robotType: "toy", framesPerSecond: 10, features, episodeLengths: [4], tasks: [] };
  const embodiment = embody({ ...asFound, controlMode: "joint" }, generate({ ...description, seed: 1 }), []);

  it("hold for the entry of the action and of the state, and others are not looked at", () => {
    expect(thresholdsOf("toy", embodiment, { below: { gripper: 2 }, keep: 1 })).toEqual({
      action: [Number.POSITIVE_INFINITY, 2],
      state: [Number.POSITIVE_INFINITY, 2],
    });
    expect(thresholdsOf("toy", embodiment, { below: 3, keep: 1 })).toEqual({ action: [3, 3], state: [3, 3] });
  });

  it("of no entry are refused with the names that are known", () => {
    expect(() => thresholdsOf("toy", embodiment, { below: { elbw: 1 }, keep: 1 })).toThrow(
      'dataset "toy": trimIdle.below: expected entries of the action or the state (elbow, gripper), got elbw',
    );
  });
});

it("what is trimmed is counted by frames and by episodes that lose some", () => {
  const episodes = [
    { index: 0, length: 10 },
    { index: 3, length: 6 },
    { index: 4, length: 5 },
  ];
  const spans = [
    { episode: 0, first: 2, length: 5 },
    { episode: 3, first: 0, length: 6 },
    { episode: 4, first: 0, length: 4 },
  ];
  expect(trimmedCount({ episodes }, spans)).toEqual({ frames: 6, of: 21, episodes: 2 });
});
