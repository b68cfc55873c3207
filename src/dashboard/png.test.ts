import { expect, it } from "vitest";
import { openPictureReader } from "../dataset/read/video.ts";
import { HostArray } from "../graph/host-array.ts";
import { encodePng } from "./png.ts";

it("keeps every pixel, as a decoder of another's making reads it", async () => {
  const cells = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 128, 127, 126, 254, 253, 252);
  const bytes = encodePng(new HostArray("h w c", [2, 3, 3], "uint8", cells));
  const reader = await openPictureReader();
  try {
    const read = await reader.still(bytes, { height: 64, width: 64 });
    expect(read.shape).toEqual([2, 3, 3]);
    expect([...read.cells]).toEqual([...cells]);
  } finally {
    reader.close();
  }
});

it("refuses what is no picture of red, green and blue", () => {
  const grey = new HostArray("h w c", [2, 2, 1], "uint8", new Uint8Array(4));
  expect(() => encodePng(grey)).toThrow("expected a picture [h w 3], got [2 2 1]");
  const empty = new HostArray("h w c", [0, 2, 3], "uint8", new Uint8Array(0));
  expect(() => encodePng(empty)).toThrow(RangeError);
});
