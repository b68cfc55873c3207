import { describe, expect, it } from "vitest";
import { openDataset } from "../dataset/read/open.ts";
import { hasRealData, onRealData, realDataset } from "../dataset/testing/real-data.ts";
import { HostArray } from "../graph/host-array.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { letterbox, resize, shrink } from "./picture.ts";

const picture = (height: number, width: number, value: (at: number) => number) =>
  new HostArray(
    "h w c",
    [height, width, 3],
    "uint8",
    Uint8Array.from({ length: height * width * 3 }, (_, at) => value(at)),
  );
const red = (cells: Uint8Array) => [...cells].filter((_, at) => at % 3 === 0);

describe("letterbox", () => {
  it("keeps the pixels of a picture that fits and puts it in the middle, remainders below and right", () => {
    const wide = letterbox(
      picture(1, 4, (at) => at + 1),
      4,
    );
    expect(red(wide.cells)).toEqual([0, 0, 0, 0, 1, 4, 7, 10, 0, 0, 0, 0, 0, 0, 0, 0]);
    const tall = letterbox(
      picture(4, 1, (at) => at + 1),
      4,
    );
    expect(red(tall.cells)).toEqual([0, 1, 0, 0, 0, 4, 0, 0, 0, 7, 0, 0, 0, 10, 0, 0]);
  });

  it("leaves a square of the right size as it is", () => {
    const square = picture(3, 3, (at) => at);
    expectSameBits("picture", letterbox(square, 3), square);
  });

  it("scales what is larger or smaller, with its proportions", () => {
    for (const [height, width] of [
      [6, 12],
      [2, 4],
    ] as const) {
      const out = letterbox(
        picture(height, width, () => 200),
        8,
      ).cells;
      expect(red(out).map((value) => (value === 200 ? 1 : value))).toEqual([
        ...Array(16).fill(0),
        ...Array(32).fill(1),
        ...Array(16).fill(0),
      ]);
    }
  });

  it("refuses what is no colour picture", () => {
    const grey = new HostArray("h w c", [2, 2, 1], "uint8", new Uint8Array(4));
    expect(() => letterbox(grey, 4)).toThrow("letterbox: expected a picture [h w 3], got [2 2 1]");
  });
});

describe("resize", () => {
  const own = picture(5, 7, (at) => (at * 37) % 256);

  it("shrinks by hand: 4 to 2 reads three pixels with weights 3, 3 and 1 of 7", () => {
    const line = picture(1, 4, (at) => [0, 70, 140, 210][Math.floor(at / 3)]!);
    expect(red(resize(line, 1, 2).cells)).toEqual([(3 * 0 + 3 * 70 + 140) / 7, (3 * 210 + 3 * 140 + 70) / 7]);
  });

  const grown =
    "0 37 74 74 111 148 160 84 121 190 28 65 77 114 151 163 200 38 107 144 68 80 117 154 154 191 228 5 42 79 " +
    "79 116 153 165 89 126 195 33 70 82 119 156 168 205 43 113 150 73 85 122 159 159 196 233 12 49 86 86 123 " +
    "160 172 95 132 201 39 76 89 126 163 175 212 50 119 156 79 92 129 166 166 203 240 18 55 92 92 129 166 178 " +
    "102 139 208 46 83 95 132 169 181 218 56 125 162 86 98 135 172 172 209 246 24 61 98 98 135 172 185 108 145 " +
    "214 52 89 101 138 175 188 225 63 132 169 92 104 141 178 178 215 252 31 68 105 105 142 179 142 114 151 135 " +
    "59 96 108 145 182 194 146 69 138 127 99 111 148 148 185 222 149 36 73 110 110 147 184 83 120 157 27 64 " +
    "101 113 150 187 199 37 74 143 67 104 116 153 105 190 227 8";

  // torch 2.15: floor(interpolate(a, size, mode="bilinear", antialias=True) + 0.5), a = arange(5·7·3)·37 mod 256 as [h w c].
  it("agrees with torch", () => {
    expect([...resize(own, 2, 3).cells]).toEqual([
      104, 86, 123, 146, 123, 100, 123, 160, 142, 105, 104, 141, 145, 122, 118, 141, 160, 131,
    ]);
    expectSameBits("picture", resize(own, 7, 9).cells, grown.split(" ").map(Number));
  });
});

describe("shrink", () => {
  it("gives each pixel the mean of the area that it covers, by hand", () => {
    const three = picture(1, 3, (at) => [30, 60, 120][Math.floor(at / 3)]!);
    // Two pixels of one and a half: (30 + 60 / 2) / 1.5 and (60 / 2 + 120) / 1.5; one row stays one row.
    expect(red(shrink(three, { height: 2, width: 2 }).cells)).toEqual([40, 100]);
    const square = picture(4, 4, (at) => 10 * Math.floor(at / 3));
    expect(red(shrink(square, { height: 2, width: 2 }).cells)).toEqual([25, 45, 105, 125]);
  });

  it("leaves a picture that fits as it is, and never enlarges one", () => {
    const small = picture(3, 2, (at) => at);
    expect(shrink(small, { height: 3, width: 9 })).toBe(small);
  });
});

describe.runIf(hasRealData)(onRealData("a real frame as a camera gives it"), () => {
  it.each([
    ["unitree_g1_inspire", 29],
    ["dobot_cr5", 68],
  ] as const)("comes to what the decoder of %s gives at the policy's size", async (name, episode) => {
    const choice = { name, episodes: [episode], taskAnnotation: "declared", pictureMemoryBytes: 0 } as const;
    const dataset = await openDataset(realDataset(name), choice);
    const seen = (side: number) => dataset.picture(dataset.cameras[0]!, episode, 50, { height: side, width: side });
    const [whole, fitted] = [await seen(1000), await seen(96)];
    await dataset.close();
    expect(whole.shape).toEqual([480, 640, 3]);
    const own = shrink(whole, { height: 96, width: 96 });
    const differences = own.cells.map((value, at) => Math.abs(value - fitted.cells[at]!));
    // The decoder averages luma and chroma and turns the means into colours; here the colours are averaged.
    expect(Math.max(...differences)).toBeLessThanOrEqual(6);
    expect(differences.reduce((sum, one) => sum + one, 0) / differences.length).toBeLessThan(0.15);
  });
});
