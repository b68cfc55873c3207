import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { reason } from "../problem.ts";
import { copyOfReal } from "../testing/real-copy.ts";
import { hasRealData, onRealData, realDataset } from "../testing/real-data.ts";
import { movieBox } from "./mp4.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-"));
});
afterEach(async () => await rm(folder, { recursive: true }));

/** A box with a header of 8 bytes, or of 16 where its length is written in 64 bits. */
function box(kind: string, content: number, header: 8 | 16): Buffer {
  const bytes = Buffer.alloc(header + content, 0xab);
  bytes.writeUInt32BE(header === 8 ? bytes.length : 1, 0);
  bytes.write(kind, 4, "latin1");
  if (header === 16) bytes.writeBigUInt64BE(BigInt(bytes.length), 8);
  return bytes;
}

async function defect(...boxes: readonly Buffer[]): Promise<string | null> {
  const path = join(folder, "a.mp4");
  await writeFile(path, Buffer.concat(boxes));
  return await defectOf(path);
}

const defectOf = (path: string) => movieBox(path).then(() => null, reason);

const start = box("ftyp", 12, 8);

test("a file is whole when its boxes fill it, whatever their order and the form of their lengths", async () => {
  expect(await defect(start, box("moov", 30, 8), box("mdat", 5, 16))).toBeNull();
  const untilTheEnd = box("mdat", 40, 8);
  untilTheEnd.writeUInt32BE(0, 0);
  expect(await defect(start, box("moov", 30, 8), untilTheEnd)).toBeNull();
});

test("what is missing or wrong is said with its place", async () => {
  expect(await defect()).toBe("an empty file");
  expect(await defect(Buffer.from("PAR1, which is no video"))).toBe("no MP4 file");
  expect(await defect(Buffer.from("RIFF....AVI LIST"))).toContain("in another container than MP4");
  expect(await defect(Buffer.from([0x1a, 0x45, 0xdf, 0xa3, 0, 0, 0, 9]))).toContain("in another container than MP4");
  // A transport stream begins each packet with the letter G, a bare H.264 stream with a start code.
  expect(await defect(Buffer.from("G@\0\x10packet..."))).toContain("in another container than MP4");
  expect(await defect(Buffer.from([0, 0, 0, 1, 0x67, 0x64, 0, 0x0a]))).toContain("in another container than MP4");
  expect(await defect(start, box("mdat", 5, 8))).toBe('a file without its "moov" box');
  expect(await defect(start, Buffer.alloc(100, 7))).toBe("a file that is damaged after 20 bytes");
  expect(await defect(start, box("moov", 30, 8), box("mdat", 100, 8).subarray(0, 50))).toBe(
    "a file of 108 bytes that ends early, as it should have 166 or more",
  );
  expect(await defectOf(join(folder, "none.mp4"))).toBe("no such file");
});

test.skipIf(!hasRealData)(onRealData("a real video is whole, and cut anywhere it is not"), async () => {
  const whole = "dobot_cr5/videos/chunk-000/observation.images.top/episode_000068.mp4";
  expect(await defectOf(realDataset(whole))).toBeNull();
  const size = (await readFile(realDataset(whole))).length;
  for (const share of [0.999, 0.5, 0.01]) {
    const path = await copyOfReal(whole);
    await truncate(path, Math.floor(share * size));
    expect(await defectOf(path)).toMatch(/ends early|without its/);
  }
});
