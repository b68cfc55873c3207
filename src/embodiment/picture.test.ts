import { describe, expect, it } from "vitest";
import type { Picture } from "../dataset/dataset.ts";
import { openDataset } from "../dataset/read/open.ts";
import { hasRealData, onRealData, realDataset } from "../dataset/testing/real-data.ts";
import { HostArray } from "../graph/host-array.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { expectClose } from "../graph/testing/close.ts";
import { fitBefore, type Letterbox, letterbox, resize, shrink, squared } from "./picture.ts";

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
    for (const [height, width] of [
      [0, 2],
      [2, 0],
    ] as const)
      expect(() =>
        letterbox(
          picture(height, width, () => 0),
          4,
        ),
      ).toThrow(`a picture [h w 3], got [${height} ${width} 3]`);
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

  it("shrinks one side alone where the other is a single pixel already", () => {
    const tall = picture(4, 1, (at) => [10, 30, 50, 90][Math.floor(at / 3)]!);
    expect(red(shrink(tall, { height: 2, width: 1 }).cells)).toEqual([20, 70]);
    const wide = picture(1, 4, (at) => [10, 30, 50, 90][Math.floor(at / 3)]!);
    expect(red(shrink(wide, { height: 1, width: 2 }).cells)).toEqual([20, 70]);
  });

  it("leaves a picture that fits as it is, and never enlarges one", () => {
    const small = picture(3, 2, (at) => at);
    expect(shrink(small, { height: 3, width: 9 })).toBe(small);
  });
});

/** Three channels of which none is another's or grey, without symmetry in height or width. */
const coloured = (height: number, width: number) =>
  picture(height, width, (at) => {
    const [y, x, c] = [Math.floor(at / (3 * width)), Math.floor(at / 3) % width, at % 3];
    return [(7 * x + 3 * y) % 256, (11 * y + 40) % 256, (5 * x * y + 90) % 256][c]!;
  });

/** The mean of what a pixel of the new picture covers of the old one, channel by channel, over both sides at once. */
function areaMeans(from: Picture, height: number, width: number): number[] {
  const [ownHeight = 0, ownWidth = 0] = from.shape;
  const overlap = (pixel: number, begin: number, end: number) =>
    Math.max(0, Math.min(pixel + 1, end) - Math.max(pixel, begin));
  return Array.from({ length: height * width * 3 }, (_, at) => {
    const [y, x, c] = [Math.floor(at / (3 * width)), Math.floor(at / 3) % width, at % 3];
    let [sum, area] = [0, 0];
    for (let row = 0; row < ownHeight; row++)
      for (let column = 0; column < ownWidth; column++) {
        const share =
          overlap(row, (y * ownHeight) / height, ((y + 1) * ownHeight) / height) *
          overlap(column, (x * ownWidth) / width, ((x + 1) * ownWidth) / width);
        sum += share * from.cells[(row * ownWidth + column) * 3 + c]!;
        area += share;
      }
    return sum / area;
  });
}

/** Half a level of rounding, and a thousandth for float32. */
const level = { absolute: 0.501, relative: 0, because: "levels are whole numbers" };

describe("a picture of three different channels", () => {
  // Landscape and portrait, of which no side divides: 45 by 100 come to 7.2 lines of 16, 61 by 23 to 6.03 columns.
  it.each([
    { height: 45, width: 100, rows: 7, columns: 16 },
    { height: 61, width: 23, rows: 16, columns: 6 },
    { height: 50, width: 50, rows: 16, columns: 16 },
  ])(
    "of $height by $width is shrunk to the means of areas and stands in the middle of black",
    ({ height, width, rows, columns }) => {
      const own = coloured(height, width);
      const small = shrink(own, { height: 16, width: 16 });
      expect(small.shape).toEqual([rows, columns, 3]);
      const means = areaMeans(own, rows, columns);
      expectClose("shrunk", small.cells, means, level);
      const [top, left] = [Math.floor((16 - rows) / 2), Math.floor((16 - columns) / 2)];
      const wanted = Array.from({ length: 16 * 16 * 3 }, (_, at) => {
        const [y, x, c] = [Math.floor(at / 48) - top, (Math.floor(at / 3) % 16) - left, at % 3];
        return y >= 0 && y < rows && x >= 0 && x < columns ? means[(y * columns + x) * 3 + c]! : 0;
      });
      expectClose("letterboxed", letterbox(small, 16).cells, wanted, level);
    },
  );

  it("that is smaller is enlarged on the lines between its pixels, and at its edges keeps them", () => {
    const own = coloured(3, 5);
    const wanted = Array.from({ length: 15 * 15 * 3 }, (_, at) => {
      const [y, x, c] = [Math.floor(at / 45) - 3, Math.floor(at / 3) % 15, at % 3];
      if (y < 0 || y >= 9) return 0;
      // Three new pixels an old one: the middle of each third of it.
      const [row, column] = [Math.min(2, Math.max(0, (y - 1) / 3)), Math.min(4, Math.max(0, (x - 1) / 3))];
      const [up, left] = [Math.floor(row), Math.floor(column)];
      const old = (line: number, place: number) => own.cells[(Math.min(2, line) * 5 + Math.min(4, place)) * 3 + c]!;
      const along = (line: number) => old(line, left) * (1 - (column - left)) + old(line, left + 1) * (column - left);
      return along(up) * (1 - (row - up)) + along(up + 1) * (row - up);
    });
    expectClose("enlarged", letterbox(own, 15).cells, wanted, level);
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

describe("a square made bilinearly", () => {
  // Six pixels in a row, each grey: a square of two takes the middle one of every three.
  const row = new HostArray(
    "h w c",
    [1, 6, 3],
    "uint8",
    Uint8Array.from([0, 40, 80, 120, 160, 200].flatMap((grey) => [grey, grey, grey])),
  );
  const greys = (how: Letterbox) => [...squared(row, 2, how).cells].filter((_, at) => at % 3 === 0);

  it("passes over pixels, where one that is antialiased averages them", () => {
    expect(greys("bilinear-centred")).toEqual([40, 160, 0, 0]);
    // Of a row that jumps, the mean of its first three pixels is none of them.
    const jumps = new HostArray(
      "h w c",
      [1, 6, 3],
      "uint8",
      Uint8Array.of(...Array(3).fill(240), ...Array(15).fill(0)),
    );
    expect(squared(jumps, 2, "bilinear-centred").cells[0]).toBe(0);
    expect(squared(jumps, 2, "antialiased-centred").cells[0]).toBe(80);
  });

  it("stands in the last corner, or in the middle with the odd line below", () => {
    expect(greys("bilinear-bottom-right")).toEqual([0, 0, 40, 160]);
  });

  it("keeps the pixels of a picture of its size, and rounds sides down", () => {
    const whole = new HostArray(
      "h w c",
      [2, 2, 3],
      "uint8",
      Uint8Array.from({ length: 12 }, (_, at) => at),
    );
    expect(squared(whole, 2, "bilinear-centred")).toBe(whole);
    // Five lines by 7 in a square of 4: 5 / (7 / 4) = 2.86 lines, which would be three to the nearest.
    const wide = new HostArray("h w c", [5, 7, 3], "uint8", new Uint8Array(105).fill(255));
    const lines = [0, 1, 2, 3].map((line) => squared(wide, 4, "bilinear-bottom-right").cells[line * 12]);
    expect(lines).toEqual([0, 0, 255, 255]);
  });
});

it("a picture may be shrunk before it becomes a square only where that averages pixels as well", () => {
  const large = noisy(64, 48);
  expect(fitBefore(8, "antialiased-centred")).toEqual({ height: 8, width: 8 });
  for (const how of ["bilinear-centred", "bilinear-bottom-right"] as const) {
    expect(shrink(large, fitBefore(8, how))).toBe(large);
    // It would be another square.
    expect(squared(shrink(large, { height: 8, width: 8 }), 8, how).cells).not.toEqual(squared(large, 8, how).cells);
  }
});

function noisy(height: number, width: number) {
  const cells = Uint8Array.from({ length: height * width * 3 }, (_, at) => (at * 97) % 256);
  return new HostArray("h w c", [height, width, 3], "uint8", cells);
}

it("a picture comes out the same whichever were resized before it, however many or large", () => {
  const small = picture(5, 7, (at) => (at * 37) % 256);
  const first = [resize(small, 3, 2), shrink(small, { height: 4, width: 4 })];
  for (let side = 2; side < 80; side++)
    resize(
      picture(side, side + 1, (at) => at),
      2,
      3,
    );
  resize(
    picture(1, 2 ** 15, (at) => at),
    1,
    2,
  );
  expectSameBits("resized", resize(small, 3, 2), first[0]!);
  expectSameBits("shrunk", shrink(small, { height: 4, width: 4 }), first[1]!);
});
