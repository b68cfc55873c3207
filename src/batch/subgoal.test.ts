import { describe, expect, it } from "vitest";
import { subgoalFrame, subgoalOf } from "./subgoal.ts";

const clock = { length: 100, framesPerSecond: 10 };
const choice = { seconds: 2, furthest: 0.25, dropout: 0.5 };
/** Chances by place: whether, whether the furthest, which. */
const frameAt = (frame: number, ...chances: readonly number[]) =>
  subgoalFrame(clock, frame, choice, (at) => chances[at]!);

describe("the frame to reach", () => {
  it("is none for the share of samples that are shown none", () => {
    expect(frameAt(10, 0.499, 0, 0)).toBe(null);
    expect(frameAt(10, 0.5, 0, 0)).toBe(30);
  });

  it("is the furthest for some samples, for the others any from now to there", () => {
    expect(frameAt(10, 0.9, 0.249, 0)).toBe(30);
    expect(frameAt(10, 0.9, 0.25, 0)).toBe(10);
    // 21 frames: the middle of the 21 equal parts of [0, 1) that stand for them.
    for (let ahead = 0; ahead <= 20; ahead++) expect(frameAt(10, 0.9, 0.25, (ahead + 0.5) / 21)).toBe(10 + ahead);
  });

  it("lies in the episode", () => {
    expect(frameAt(95, 0.9, 0, 0)).toBe(99);
    expect(frameAt(95, 0.9, 0.9, 0.999)).toBe(99);
    expect(frameAt(99, 0.9, 0.9, 0.999)).toBe(99);
  });

  it("lies at a whole number of frames, whatever the recording's rate", () => {
    const slow = { length: 100, framesPerSecond: 7.3 };
    expect(subgoalFrame(slow, 0, { ...choice, furthest: 1 }, () => 0.9)).toBe(15);
  });
});

describe("the frame that the sample of a draw is to reach", () => {
  const member = { datasetName: "toy", framesPerSecond: 10 };
  const of = (draw: number, seed = 1, purpose: "train" | "validation" = "train") =>
    subgoalOf(choice, { seed, purpose }, member, { draw: { member: 0, episode: 0, frame: 10, draw }, length: 100 });
  const many = [...Array(400).keys()];

  it("follows from seed and draw: the same again, another of another seed or draw", () => {
    expect(many.map((draw) => of(draw))).toEqual(many.map((draw) => of(draw)));
    expect(many.filter((draw) => of(draw) !== of(draw, 2)).length).toBeGreaterThan(100);
    expect(new Set(many.map((draw) => of(draw))).size).toBe(22);
  });

  it("is none for the share asked for, in training alone, and the furthest for another", () => {
    // Within 4 standard deviations: 200 ± 40 and 400 · (0.25 + 0.75 / 21) = 114 ± 36.
    expect(Math.abs(many.filter((draw) => of(draw) === null).length - 200)).toBeLessThan(40);
    const validated = many.map((draw) => of(draw, 1, "validation"));
    expect(validated).not.toContain(null);
    expect(Math.abs(validated.filter((frame) => frame === 30).length - 114)).toBeLessThan(36);
  });

  it("is none where nothing is to be reached", () => {
    const draw = { member: 0, episode: 0, frame: 10, draw: 0 };
    expect(subgoalOf(undefined, { seed: 1, purpose: "validation" }, member, { draw, length: 100 })).toBe(null);
  });
});
