import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DepthRange, Fit, Picture } from "../dataset.ts";
import { writeV2 } from "../testing/small-dataset.ts";
import { isDepthPicture, storedDepths } from "./depth.ts";
import { shownDepths } from "./depth-map.ts";
import { openDataset } from "./open.ts";
import { inspectDataset } from "./validate.ts";

/** A PNG of 16-bit greys, each line under a filter of its own: what is stored is what the filter leaves of `lines`. */
function png(lines: readonly (readonly number[])[], filters: readonly number[], interlaced = 0): Buffer {
  const width = lines[0]!.length;
  const raw = lines.map((line) => line.flatMap((value) => [value >> 8, value & 255]));
  const stored = raw.flatMap((line, y) => {
    const above = raw[y - 1] ?? line.map(() => 0);
    const predict = (at: number) => {
      const [a, b, c] = [line[at - 2] ?? 0, above[at]!, at < 2 ? 0 : above[at - 2]!];
      const p = a + b - c;
      const nearest = [a, b, c].toSorted((one, other) => Math.abs(p - one) - Math.abs(p - other))[0]!;
      return [0, a, b, (a + b) >> 1, nearest][filters[y]!]!;
    };
    return [filters[y]!, ...line.map((byte, at) => (byte - predict(at)) & 255)];
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(lines.length, 4);
  header.set([16, 0, 0, 0, interlaced], 8);
  const chunk = (kind: string, content: Buffer) => {
    const body = Buffer.concat([Buffer.from(kind), content]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(content.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const data = deflateSync(Buffer.from(stored));
  const parts = [chunk("IHDR", header), chunk("IDAT", data.subarray(0, 9)), chunk("IDAT", data.subarray(9))];
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), ...parts, chunk("IEND", Buffer.alloc(0))]);
}

const depthPicture = (bytes: Uint8Array, range: DepthRange, fit: Fit) => shownDepths(storedDepths(bytes), range, fit);
const large = { height: 100, width: 100 };
const millimetres = { near: 500, far: 1500 };
/** One channel of a grey picture. */
const greys = (picture: Picture) => [...picture.cells].filter((_, at) => at % 3 === 0);

describe("a depth map", () => {
  test("is black at its nearest and nearer, white at its furthest and further, and black where nothing was measured", () => {
    const picture = depthPicture(png([[0, 400, 500, 700, 1000, 1500, 65535]], [0]), millimetres, large);
    expect(picture.shape).toEqual([1, 7, 3]);
    // 200 of 1000 is a fifth of 255; half of it is 127.5, which rounds up.
    expect(greys(picture)).toEqual([0, 0, 0, 51, 128, 255, 255]);
    expect([...picture.cells.slice(9, 12)]).toEqual([51, 51, 51]);
  });

  test("is read under each filter that a line may be stored under", () => {
    const lines = [0, 1, 2, 3, 4].map((y) => [0, 1, 2, 3].map((x) => 501 + 137 * y + 59 * x * x));
    const bytes = png(lines, [4, 1, 2, 3, 4]);
    const expected = lines.flat().map((value) => Math.round((255 * (value - 500)) / 1000));
    expect(greys(depthPicture(bytes, millimetres, large))).toEqual(expected.map((value) => Math.min(255, value)));
  });

  test("keeps distances that were measured where it is made smaller", () => {
    const lines = [0, 1, 2, 3].map(() => [600, 600, 1400, 1400]);
    expect(greys(depthPicture(png(lines, [0, 0, 0, 0]), millimetres, { height: 2, width: 2 }))).toEqual([
      26, 230, 26, 230,
    ]);
  });

  test("is told from other pictures, and refused where it is damaged or stored in another way", () => {
    const bytes = png([[1, 2]], [0]);
    expect([isDepthPicture(bytes), isDepthPicture(bytes.subarray(0, 20))]).toEqual([true, false]);
    const colours = Buffer.from(bytes);
    colours[25] = 2;
    expect(isDepthPicture(colours)).toBe(false);
    expect(() => depthPicture(colours, millimetres, large)).toThrow("no PNG picture of 16-bit greys");
    expect(() => depthPicture(png([[1, 2]], [0], 1), millimetres, large)).toThrow("interlaced");
  });
});

describe("a dataset with a depth camera", () => {
  const [front, depth] = ["observation.images.front", "observation.images.depth"];
  let root = "";
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "armature-"));
  });
  afterEach(async () => await rm(root, { recursive: true }));

  const write = (key: string, feature: object) =>
    writeV2(root, [2], { [key]: { dtype: "image", shape: [1, 2, 1], names: null, ...feature } }, () => [
      {
        name: key,
        kind: "picture",
        values: [0, 1].map((frame) => ({ bytes: png([[700, 1500 - frame]], [0]), path: null })),
      },
    ]);
  const open = (ranges: Record<string, { near: number; far: number }>) =>
    openDataset(root, { name: "toy", episodes: "all", taskAnnotation: "none", pictureMemoryBytes: 0, depth: ranges });

  test.each([{ dtype: "depth" }, { info: { is_depth_map: true } }, { video_info: { "video.is_depth_map": true } }])(
    "leaves it out and says so, unless it is given a range: %o",
    async (feature) => {
      await write(depth, feature);
      expect((await open({})).cameras).toEqual([]);
      const { notes, cameras, problems } = await inspectDataset(root, "toy", () => {}, "ends");
      expect([cameras, problems, notes.filter(({ code }) => code === "depth-left-out").length]).toEqual([[], [], 1]);
      const toy = await open({ [depth]: millimetres });
      expect(toy.cameras).toEqual([depth]);
      expect(greys(await toy.picture(depth, 0, 0, large))).toEqual([51, 255]);
    },
  );

  test("refuses a range for what is no depth camera and a range without room", async () => {
    await write(depth, { dtype: "depth" });
    await expect(open({ [front]: millimetres })).rejects.toThrow(
      /expected a depth camera of observation\.images\.depth/,
    );
    await expect(open({ [depth]: { near: 5, far: 5 } })).rejects.toThrow("got 5 and 5");
  });

  test("that is not declared as one is a problem: its pictures would be black", async () => {
    await write(front, {});
    const { problems } = await inspectDataset(root, "toy", () => {}, "ends");
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining("16-bit greys, as of a depth camera"),
    ]);
  });
});
