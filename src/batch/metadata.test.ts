import { expect, it } from "vitest";
import type { Embodiment, MetadataSource } from "../embodiment/embodiment.ts";
import { HostArray } from "../graph/host-array.ts";
import { metadataAt, stepsPerSecond, withoutDropped } from "./metadata.ts";

const columns: Readonly<Record<string, readonly number[]>> = { fast: [10, 20], good: [4, 5], failed: [0, 1] };
const table = {
  length: 2,
  values: new Map([["whole", 3]]),
  tasks: [null, null],
  text: () => [null, null],
  vector: (key: string) => new HostArray("i j", [2, 1], "float64", Float64Array.from(columns[key] ?? [])),
};
const told = (metadata?: MetadataSource): Embodiment => ({
  robotType: "arm",
  controlMode: "joint",
  dofs: [],
  states: [],
  cameras: [],
  columns: { action: [], state: [], prompt: { kind: "task" }, metadata },
  target: "none",
});

it("what is known is read at the sample's own frame, from the columns that are named", () => {
  const all = told({ speed: "fast", quality: "good", mistake: "failed", says: ["robot", "fps", "control"] });
  const own = { robot: "arm", fps: 15, control: "joint" };
  expect(metadataAt(all, table, 0, 15)).toEqual({ speed: 10, quality: 4, mistake: false, ...own });
  expect(metadataAt(all, table, 1, 15)).toEqual({ speed: 20, quality: 5, mistake: true, ...own });
  expect(metadataAt(told({ quality: "good", says: [] }), table, 1, 15)).toEqual({ quality: 5 });
  expect(metadataAt(told({ says: ["control"] }), table, 1, 15)).toEqual({ control: "joint" });
  expect(metadataAt(told(), table, 1, 15)).toEqual({});
  const ofEpisode = told({ speed: { episode: "whole" }, quality: { episode: "unsaid" }, says: [] });
  expect(metadataAt(ofEpisode, table, 1, 15)).toEqual({ speed: 3 });
});

it("steps of actions are as many per second as the recipe asks for, or as the dataset has frames", () => {
  expect(stepsPerSecond({ rate: "native" }, 30)).toBe(30);
  expect(stepsPerSecond({ rate: 6 }, 30)).toBe(6);
});

const metadata = { speed: 10, quality: 4, mistake: false, robot: "arm", fps: 15, control: "joint" };
const dropout = { all: 0.15, each: 0.05 };
/** What is left where each place has the chance given, and every other place one that drops nothing. */
const left = (chances: Readonly<Record<number, number>>) =>
  withoutDropped(metadata, dropout, (at) => chances[at] ?? 0.99);

it("training leaves out all but the rate, or each by itself, or nothing", () => {
  expect(left({})).toEqual(metadata);
  expect(left({ 0: 0.149 })).toEqual({ fps: 15 });
  expect(left({ 0: 0.15 })).toEqual(metadata);
  for (const [at, name] of ["speed", "mistake", "quality", "robot", "control"].entries()) {
    expect(left({ [1 + at]: 0.049 })).toEqual({ ...metadata, [name]: undefined });
    expect(left({ [1 + at]: 0.05 })).toEqual(metadata);
  }
});
