import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HostArray } from "../../graph/host-array.ts";
import { loadLibav } from "../libav.ts";
import { hasFfmpeg } from "../testing/ffmpeg-program.ts";
import { wholeClip } from "../testing/film.ts";
import { needLibav, VideoWriter } from "../write/video.ts";
import { FfmpegReader } from "./ffmpeg-reader.ts";
import { LibavReader } from "./libav-reader.ts";
import type { PictureReader } from "./picture-reader.ts";

const libav = await loadLibav();
const readers: readonly (readonly [string, () => PictureReader])[] = [
  ...(libav === null ? [] : [["node-av", () => new LibavReader(libav, 1)] as const]),
  ...(hasFfmpeg() ? [["ffmpeg", () => new FfmpegReader()] as const] : []),
];
const whole = { height: 4096, width: 4096 };
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-colour-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A PNG file of pixels `[h w 3]`, made by the specification: filter 0 on each line. */
function png(height: number, width: number, pixels: readonly number[]): Uint8Array {
  const chunk = (kind: string, content: Buffer) => {
    const body = Buffer.concat([Buffer.from(kind, "latin1"), content]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(content.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits of red, green and blue.
  header.set([8, 2, 0, 0, 0], 8);
  const lines = Array.from({ length: height }, (_, row) => [
    0,
    ...pixels.slice(3 * width * row, 3 * width * (row + 1)),
  ]);
  const content = deflateSync(Buffer.from(lines.flat()));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", content), chunk("IEND", Buffer.alloc(0))]);
}

describe.each(readers)("red, green and blue as %s reads them", (name, open) => {
  it("of a PNG are those of the file, pixel by pixel", async () => {
    const pixels = [200, 90, 30, 10, 20, 250, 0, 255, 128, 60, 5, 70, 1, 2, 3, 255, 254, 253];
    const reader = open();
    const { shape, cells } = await reader.still(png(2, 3, pixels), whole);
    reader.close();
    expect([shape, [...cells]]).toEqual([[2, 3, 3], pixels]);
  });

  it.skipIf(libav === null)("of a video are nearly those that were written", async () => {
    const path = join(folder, `${name}.mp4`);
    const writer = new VideoWriter(await needLibav(), path, {
      height: 32,
      width: 48,
      framesPerSecond: 10,
      codec: "h264",
    });
    const colours = [
      [200, 90, 30],
      [20, 70, 190],
    ] as const;
    for (const colour of colours) {
      const cells = Uint8Array.from({ length: 32 * 48 * 3 }, (_, at) => colour[at % 3]!);
      writer.add(new HostArray("h w c", [32, 48, 3], "uint8", cells));
    }
    writer.finish();
    const reader = open();
    const clip = await wholeClip(path);
    for (const [frame, colour] of colours.entries()) {
      const { cells } = await reader.frame({ clip, frame, fit: whole, passing: null, depth: null });
      // Half the colour planes, and a lossy codec.
      for (const [channel, value] of colour.entries())
        expect(Math.abs(cells[3 * (16 * 48 + 24) + channel]! - value)).toBeLessThan(5);
    }
    reader.close();
  });
});
