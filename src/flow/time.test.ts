import { describe, expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { stream } from "../graph/random.ts";
import { embedTime, embedTimes, type FlowTimes, sampleTime, timeWidth } from "./time.ts";

describe("times of the flow", () => {
  const random = stream(1, "training time", "pusht");
  const drawn = (flow: FlowTimes) =>
    Float64Array.from({ length: 20_000 }, (_, frame) => sampleTime(random, { frame, episode: 0, draw: 0 }, flow));
  const times = drawn({ timeDirection: "noise-at-one" });

  it("follow 0.999 · Beta(1.5, 1) + 0.001", () => {
    // P(t ≤ x) = ((x − 0.001) / 0.999)^1.5; a share of 20,000 deviates by 0.0035, three times that is 0.011.
    for (const bound of [0.1, 0.25, 0.5, 0.75, 0.9]) {
      const share = times.filter((time) => time <= bound).length / times.length;
      expect(Math.abs(share - ((bound - 0.001) / 0.999) ** 1.5)).toBeLessThan(0.011);
    }
  });

  it("lie between 0.001 and 1", () => {
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0.001);
    expect(Math.max(...times)).toBeLessThanOrEqual(1);
  });

  it("lie the other way round where noise stands at zero: 0.999 · (1 − Beta(1.5, 1))", () => {
    const other = drawn({ timeDirection: "noise-at-zero", times: "from zero" });
    for (const [at, time] of other.entries()) expect(time + times[at]!).toBeCloseTo(1, 12);
    expect(Math.min(...other)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...other)).toBeLessThanOrEqual(0.999);
  });

  it("reach from just before zero to one in N1.5: (0.999 − β) / 0.999, where β is the share of noise that π0's time leaves", () => {
    const early = drawn({ timeDirection: "noise-at-zero", times: "from before zero" });
    for (const [at, time] of early.entries()) {
      const beta = (times[at]! - 0.001) / 0.999;
      expect(time).toBeCloseTo(1 - beta / 0.999, 12);
    }
    expect(Math.min(...early)).toBeLessThan(0);
    expect(Math.min(...early)).toBeGreaterThan(-0.00101);
  });

  it("before zero lie in the first thousandth: PyTorch's long() cuts towards zero", () => {
    const buckets = { kind: "buckets", tokens: 4, condition: 4 } as const;
    const of = (time: number) => embedTimes(new HostArray("b t", [1, 1], "float32", Float32Array.of(time)), buckets);
    expect([...of(-0.0009).cells]).toEqual([...of(0).cells]);
    expect([...of(-0.0009).cells.slice(0, 4)]).toEqual([0, 0, 1, 1]);
  });

  it("lie in the thousandth that float32 puts them in: tenths, of which some are a little less, in their own", () => {
    const buckets = { kind: "buckets", tokens: 2, condition: 2 } as const;
    for (const tenth of [0.1, 0.3, 0.6, 0.7, 0.9]) {
      const time = new HostArray("b t", [1, 1], "float32", Float32Array.of(tenth));
      expect(embedTimes(time, buckets).cells[0]).toBeCloseTo(Math.sin(Math.round(tenth * 1000)), 6);
    }
  });

  it("are embedded by thousandths as sines and cosines for tokens, as cosines and sines for the condition", () => {
    const time = new HostArray("b t", [1, 2], "float32", Float32Array.of(0.5, 0.5009));
    const { cells } = embedTimes(time, { kind: "buckets", tokens: 4, condition: 4 });
    const [slow, slowest] = [500 / 100, 500 / 10_000];
    const expected = [Math.sin(500), Math.sin(slow), Math.cos(500), Math.cos(slow)];
    expected.push(Math.cos(500), Math.cos(slowest), Math.sin(500), Math.sin(slowest));
    for (const [at, value] of expected.entries()) expect(cells[at]).toBeCloseTo(value, 6);
    expect([...cells.slice(8)]).toEqual([...cells.slice(0, 8)]);
  });

  it("are embedded as sines and cosines of periods from 0.004 to 4", () => {
    const { cells } = embedTime(new HostArray("b t", [1, 1], "float32", Float32Array.of(0.5)), 4);
    const angles = [(2 * Math.PI * 0.5) / 0.004, (2 * Math.PI * 0.5) / 4];
    const expected = [...angles.map(Math.sin), ...angles.map(Math.cos)];
    for (const [at, value] of expected.entries()) expect(cells[at]).toBeCloseTo(value, 6);
  });

  it("are embedded at periods that grow by one factor: tenfold from 0.004 to 4 where there are four", () => {
    const { cells } = embedTime(new HostArray("b t", [1, 1], "float32", Float32Array.of(0.001)), 8);
    const angles = [0.004, 0.04, 0.4, 4].map((period) => (2 * Math.PI * Math.fround(0.001)) / period);
    const expected = [...angles.map(Math.sin), ...angles.map(Math.cos)];
    for (const [at, value] of expected.entries()) expect(cells[at]).toBeCloseTo(value, 6);
  });

  it("are embedded for the condition at rates that fall by one factor: to a ten-thousandth in three", () => {
    const time = new HostArray("b t", [1, 1], "float32", Float32Array.of(0.5));
    const { cells } = embedTimes(time, { kind: "buckets", tokens: 2, condition: 6 });
    const angles = [500, 500 / 100, 500 / 10_000];
    const expected = [Math.sin(500), Math.cos(500), ...angles.map(Math.cos), ...angles.map(Math.sin)];
    for (const [at, value] of expected.entries()) expect(cells[at]).toBeCloseTo(value, 6);
  });

  it("are as wide as the embedding says: both parts of buckets", () => {
    expect(timeWidth({ kind: "continuous", width: 32 })).toBe(32);
    expect(timeWidth({ kind: "buckets", tokens: 4, condition: 6 })).toBe(10);
  });
});
