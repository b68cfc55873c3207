import { describe, expect, test } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { actionWindow, nearestFrame, observationWindow, resample } from "./chunk.ts";

const table = (rows: readonly (readonly number[])[]) =>
  new HostArray("i j", [rows.length, rows[0]!.length], "float64", Float64Array.from(rows.flat()));

describe("action windows", () => {
  test("a step past the episode end is not real", () => {
    const { positions, real } = actionWindow({ length: 10, framesPerSecond: 10 }, 7, {
      steps: 5,
      stepsPerSecond: "native",
    });
    expect([...positions]).toEqual([7, 8, 9, 10, 11]);
    expect([...real.bits]).toEqual([1, 1, 1, 0, 0]);
  });

  test("what is real is known after resampling: 20 Hz of a 30 fps episode reaches further into it", () => {
    const { positions, real } = actionWindow({ length: 10, framesPerSecond: 30 }, 5, { steps: 5, stepsPerSecond: 20 });
    expect([...positions]).toEqual([5, 6.5, 8, 9.5, 11]);
    expect([...real.bits]).toEqual([1, 1, 1, 0, 0]);
  });

  test("30 Hz of a 10 fps episode lies between frames, and nothing lies behind the last", () => {
    const { positions, real } = actionWindow({ length: 3, framesPerSecond: 10 }, 1, { steps: 5, stepsPerSecond: 30 });
    expect([...positions]).toEqual([1, 1 + 1 / 3, 1 + 2 / 3, 2, 1 + 4 / 3]);
    expect([...real.bits]).toEqual([1, 1, 1, 1, 0]);
  });

  test("an episode of one frame has one real step", () => {
    const { real } = actionWindow({ length: 1, framesPerSecond: 10 }, 0, { steps: 4, stepsPerSecond: 50 });
    expect([...real.bits]).toEqual([1, 0, 0, 0]);
  });

  test("a frame that is not in the episode is refused", () => {
    const clock = { length: 3, framesPerSecond: 10 };
    for (const frame of [-1, 3, 0.5])
      expect(() => actionWindow(clock, frame, { steps: 1, stepsPerSecond: "native" })).toThrow(
        /frame of an episode of 3/,
      );
    for (const steps of [0, -1, 1.5])
      expect(() => actionWindow(clock, 0, { steps, stepsPerSecond: "native" })).toThrow(RangeError);
    expect(() => actionWindow(clock, 0, { steps: 1, stepsPerSecond: 0 })).toThrow(RangeError);
  });
});

describe("observation windows", () => {
  test("slots before the episode start are not real, and now always is", () => {
    const slots = { slots: 4, interval: { frames: 3 } };
    const early = observationWindow({ length: 20, framesPerSecond: 10 }, 4, slots);
    expect([...early.positions]).toEqual([-5, -2, 1, 4]);
    expect([...early.real.bits]).toEqual([0, 0, 1, 1]);
    expect([...observationWindow({ length: 20, framesPerSecond: 10 }, 0, slots).real.bits]).toEqual([0, 0, 0, 1]);
    expect([...observationWindow({ length: 20, framesPerSecond: 10 }, 9, slots).real.bits]).toEqual([1, 1, 1, 1]);
  });

  test("an interval in seconds lands on whole frames where it should", () => {
    const { positions } = observationWindow({ length: 20, framesPerSecond: 30 }, 9, {
      slots: 4,
      interval: { seconds: 0.1 },
    });
    expect([...positions]).toEqual([0, 3, 6, 9]);
  });

  test("one slot is now alone", () => {
    const { positions, real } = observationWindow({ length: 2, framesPerSecond: 5 }, 1, {
      slots: 1,
      interval: { frames: 1 },
    });
    expect([[...positions], real.count]).toEqual([[1], 1]);
  });
});

describe("resampling", () => {
  const episode = table([
    [0, 0],
    [10, 1],
    [40, 0],
    [100, 1],
  ]);

  test("vectors lie on the line between frames, grippers are the nearer frame's", () => {
    const window = actionWindow({ length: 4, framesPerSecond: 10 }, 0, { steps: 8, stepsPerSecond: 25 });
    expect([...window.positions]).toEqual([0, 0.4, 0.8, 1.2, 1.6, 2, 2.4, 2.8]);
    const { cells, shape } = resample(episode, window, ["linear", "nearest"]);
    expect(shape).toEqual([8, 2]);
    const expected = [0, 0, 4, 0, 8, 1, 16, 1, 28, 0, 40, 0, 64, 0, 88, 1];
    for (const [at, value] of expected.entries()) expect(cells[at]).toBeCloseTo(value, 10);
  });

  test("on a frame the value is the frame's to the bit", () => {
    const exact = table([[0.1], [1e300], [-7.3]]);
    const window = actionWindow({ length: 3, framesPerSecond: 10 }, 0, { steps: 3, stepsPerSecond: 10 });
    expect([...resample(exact, window, ["linear"]).cells]).toEqual([0.1, 1e300, -7.3]);
  });

  test("halfway the even frame is taken", () => {
    expect([0.5, 1.5, 2.5, 3.5].map(nearestFrame)).toEqual([0, 2, 2, 4]);
    expect([0.49, 0.51, 7].map(nearestFrame)).toEqual([0, 1, 7]);
  });

  test("a step that is not real holds no number", () => {
    const window = actionWindow({ length: 4, framesPerSecond: 10 }, 3, { steps: 3, stepsPerSecond: "native" });
    expect([...resample(episode, window, ["linear", "nearest"]).cells]).toEqual([100, 1, NaN, NaN, NaN, NaN]);
    const history = observationWindow({ length: 4, framesPerSecond: 10 }, 0, { slots: 2, interval: { frames: 1 } });
    expect([...resample(episode, history, ["linear", "linear"]).cells]).toEqual([NaN, NaN, 0, 0]);
  });

  test("a table of another width or length is refused", () => {
    const window = actionWindow({ length: 9, framesPerSecond: 10 }, 0, { steps: 9, stepsPerSecond: "native" });
    expect(() => resample(episode, window, ["linear"])).toThrow("resample: the table has 2 entries, interpolation 1");
    expect(() => resample(episode, window, ["linear", "linear"])).toThrow("resample: the table has 4 frames");
  });
});
