import { expect, it } from "vitest";
import { laneOf } from "./machine.ts";

it("calls side by side share threads equally, and none is without one", () => {
  const threads = (all: number, lanes: number) => laneOf({ device: "cpu", threads: all }, lanes);
  expect(threads(8, 2)).toEqual({ device: "cpu", threads: 4 });
  expect(threads(7, 2)).toEqual({ device: "cpu", threads: 3 });
  expect(threads(2, 3)).toEqual({ device: "cpu", threads: 1 });
});
