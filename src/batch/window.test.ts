import { describe, expect, it } from "vitest";
import type { Entry } from "../embodiment/embodiment.ts";
import { HostArray } from "../graph/host-array.ts";
import { actionWindow, moments, nearestFrames, stateWindow } from "./window.ts";

const entry = (kind: Entry["kind"], slot: number): Entry => ({ name: `${slot}`, unit: "rad", part: "arm", kind, slot });
const arm = [entry("continuous", 0), entry("gripper", 1)];
// Six frames: the joint moves by 10 per frame, the gripper closes at frame 3.
const rows = new HostArray("i j", [6, 2], "float64", Float64Array.of(0, 0, 10, 0, 20, 0, 30, 1, 40, 1, 50, 1));
const read = (window: ReturnType<typeof actionWindow>) =>
  window.read((values, valid) => ({ cells: [...values.cells], real: [...valid.bits] }));

describe("an action window", () => {
  it("at the native rate holds the frames themselves, and nothing past the episode's end", () => {
    const window = read(actionWindow(rows, moments({ from: 4, stride: 1, count: 4, length: 6 }), arm));
    expect(window.real).toEqual([1, 1, 0, 0]);
    expect(window.cells).toEqual([40, 1, 50, 1, 0, 0, 0, 0]);
  });

  it("resampled interpolates joints, takes grippers from the nearest frame, and knows afterwards what is real", () => {
    const window = read(actionWindow(rows, moments({ from: 2, stride: 0.75, count: 6, length: 6 }), arm));
    expect(window.real).toEqual([1, 1, 1, 1, 1, 0]);
    expect(window.cells).toEqual([20, 0, 27.5, 1, 35, 1, 42.5, 1, 50, 1, 0, 0]);
  });

  it("resampled by skipping frames ends earlier", () => {
    const window = read(actionWindow(rows, moments({ from: 1, stride: 2, count: 4, length: 6 }), arm));
    expect(window.real).toEqual([1, 1, 1, 0]);
    expect(window.cells).toEqual([10, 0, 30, 1, 50, 1, 0, 0]);
  });

  it("of a shorter horizon is the beginning of a longer one", () => {
    const window = (count: number) =>
      read(actionWindow(rows, moments({ from: 3, stride: 0.7, count, length: 6 }), arm));
    const [short, long] = [window(3), window(8)];
    expect(long.cells.slice(0, 6)).toEqual(short.cells);
    expect(long.real.slice(0, 3)).toEqual(short.real);
  });
});

describe("an observation window", () => {
  it("has the oldest slot first, now last, and slots before the start do not exist", () => {
    const window = stateWindow(rows, moments({ from: 3 - 2 * 2, stride: 2, count: 3, length: 6 }), arm);
    window.read((values, valid) => {
      expect([...valid.bits]).toEqual([0, 1, 1]);
      expect([...values.cells]).toEqual([0, 0, 10, 0, 30, 1]);
    });
  });
});

describe("moments", () => {
  it("are frames where only rounding keeps them from it", () => {
    const { at, isReal } = moments({ from: 0, stride: 0.1, count: 41, length: 5 });
    expect([at[3], at[10], at[40]]).toEqual([0.30000000000000004, 1, 4]);
    expect(isReal.every((bit) => bit === 1)).toBe(true);
    expect(moments({ from: 1, stride: 50 / 30, count: 4, length: 7 }).at[3]).toBe(6);
  });

  it("take the nearest frame, the later of two", () => {
    expect(nearestFrames(moments({ from: 0, stride: 0.25, count: 5, length: 9 }))).toEqual([0, 0, 1, 1, 1]);
  });
});
