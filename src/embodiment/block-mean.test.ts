import { expect, it } from "vitest";
import type { Picture } from "../dataset/dataset.ts";
import { HostArray } from "../graph/host-array.ts";
import { blockMeans, hasBlocks } from "./block-mean.ts";
import { shrink } from "./picture.ts";

/** A picture whose bytes begin anywhere in memory, as those of a message do. */
function pictureOf(height: number, width: number, value: (at: number) => number, offset = 0) {
  const cells = new Uint8Array(height * width * 3 + offset).subarray(offset);
  for (let at = 0; at < cells.length; at++) cells[at] = value(at);
  return new HostArray("h w c", [height, width, 3], "uint8", cells);
}

/** By whole numbers: `⌊(2·sum + all) / (2·all)⌋` is the mean, halves rounded up. */
function meansByHand(picture: Picture, height: number, width: number): number[] {
  const [rows, columns, own] = [picture.shape[0]! / height, picture.shape[1]! / width, picture.shape[1]!];
  const found: number[] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0n;
        for (let row = y * rows; row < (y + 1) * rows; row++)
          for (let column = x * columns; column < (x + 1) * columns; column++)
            sum += BigInt(picture.cells[(row * own + column) * 3 + channel]!);
        const all = BigInt(rows * columns);
        found.push(Number((2n * sum + all) / (2n * all)));
      }
  return found;
}

const scattered = (at: number) => (at * 7919 + (at >>> 3) * 104729) % 256;

it.each([
  { own: [224, 224], wanted: [32, 32], offset: 3 },
  { own: [12, 24], wanted: [2, 4], offset: 1 },
  { own: [20, 8], wanted: [2, 4], offset: 0 },
  { own: [9, 12], wanted: [9, 4], offset: 2 },
  { own: [6, 4], wanted: [1, 1], offset: 0 },
] as const)("of $own as $wanted, whose bytes begin at $offset, gives each block's mean", ({ own, wanted, offset }) => {
  const picture = pictureOf(own[0], own[1], scattered, offset);
  const [height, width] = wanted;
  expect(hasBlocks(picture, height, width)).toBe(true);
  const means = meansByHand(picture, height, width);
  expect([...blockMeans(picture, height, width).cells]).toEqual(means);
  // `shrink` keeps proportions.
  if (own[0] * width === own[1] * height) expect([...shrink(picture, { height, width }).cells]).toEqual(means);
});

it("rounds a half up", () => {
  // Two bytes of 1 and two of 0, in each of three channels.
  const picture = pictureOf(2, 4, (at) => (at < 12 ? 1 : 0));
  expect([...blockMeans(picture, 1, 2).cells]).toEqual([1, 1, 1, 1, 1, 1]);
});

it("sums as many rows of the brightest as fit into 16 bits, and leaves more to sums with weights", () => {
  const white = (rows: number) => pictureOf(rows, 4, () => 255);
  expect(hasBlocks(white(257), 1, 1)).toBe(true);
  expect([...blockMeans(white(257), 1, 1).cells]).toEqual([255, 255, 255]);
  expect(hasBlocks(white(258), 1, 1)).toBe(false);
  expect([...shrink(white(258), { height: 1, width: 1 }).cells]).toEqual([255, 255, 255]);
});

it("leaves alone what is no whole number of times smaller, and rows that cannot be read four bytes at a time", () => {
  expect(hasBlocks(pictureOf(7, 8, scattered), 2, 4)).toBe(false);
  expect(hasBlocks(pictureOf(8, 8, scattered), 4, 3)).toBe(false);
  const narrow = pictureOf(6, 6, scattered);
  expect(hasBlocks(narrow, 2, 2)).toBe(false);
  expect([...shrink(narrow, { height: 2, width: 2 }).cells]).toEqual(meansByHand(narrow, 2, 2));
});
