import { describe, expect, it } from "vitest";
import { paces, secondsLeft, sortTimes } from "./run-times.ts";

const line = (kind: string, step: number, at: number, waitedMs: number) => ({ kind, step, at, waitedMs });

describe("the pace of a run", () => {
  it("is that between two lines of its clock", () => {
    const times = sortTimes([line("start", 0, 1000, 0), line("time", 10, 3000, 500), line("time", 12, 4000, 500)]);
    // 10 steps in 2 s of which half a second was waiting; 2 steps in 1 s.
    expect(paces(times)).toEqual([
      { step: 10, stepsPerSecond: 5, waitShare: 0.25, at: 3000 },
      { step: 12, stepsPerSecond: 2, waitShare: 0, at: 4000 },
    ]);
  });

  it("has no pace between two starts, and forgets what the second took back", () => {
    const times = sortTimes([
      line("start", 0, 0, 0),
      line("time", 4, 1000, 0),
      line("time", 8, 2000, 0),
      line("start", 5, 900_000, 0),
      line("time", 6, 901_000, 1000),
    ]);
    expect(paces(times).map(({ step, stepsPerSecond, waitShare }) => [step, stepsPerSecond, waitShare])).toEqual([
      [4, 4, 0],
      [6, 1, 1],
    ]);
  });

  it("leaves out what is no line of a clock", () => {
    expect(sortTimes([{ kind: "time", step: 3 }, line("time", 4, 5, 6)])).toEqual({
      step: [4],
      at: [5],
      waitedMs: [6],
      isStart: [false],
    });
  });
});

describe("the time that is left", () => {
  it("is that of the remaining steps at the pace of the last minute", () => {
    // 100 steps took the first ten minutes; since then 2 steps a second.
    const times = sortTimes([line("start", 0, 0, 0), line("time", 100, 600_000, 0), line("time", 220, 660_000, 0)]);
    expect(secondsLeft(times, 320)).toBe(50);
  });

  it("is not known before the second line of a start, nor where no step is left", () => {
    expect(secondsLeft(sortTimes([]), 10)).toBeNull();
    expect(secondsLeft(sortTimes([line("start", 0, 0, 0)]), 10)).toBeNull();
    const times = sortTimes([line("start", 0, 0, 0), line("time", 10, 1000, 0)]);
    expect(secondsLeft(times, 10)).toBeNull();
    expect(secondsLeft(sortTimes([line("time", 9, 1, 0), line("start", 5, 2, 0)]), 10)).toBeNull();
  });
});
