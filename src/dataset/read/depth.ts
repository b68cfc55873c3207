import { inflateSync } from "node:zlib";
import { type DepthMap, decodedDepths } from "./depth-map.ts";

/** What a PNG file begins with. */
const signature = "89504e470d0a1a0a";
const headerBytes = 8 + 8 + 13;
const bytesPerPixel = 2;

/** Whether a still picture is a PNG of 16-bit greys, which decoders show as a dark picture of 8 bits. */
export function isDepthPicture(bytes: Uint8Array): boolean {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, headerBytes));
  if (header.length < headerBytes || header.toString("hex", 0, 8) !== signature) return false;
  const [bitDepth, colourType] = [header[24], header[25]];
  return bitDepth === 16 && colourType === 0;
}

/**
 * The depth map in a still picture.
 *
 * @throws Error if the bytes are no whole PNG of 16-bit greys, line after line
 */
export function storedDepths(bytes: Uint8Array): DepthMap {
  if (!isDepthPicture(bytes)) throw new Error("no PNG picture of 16-bit greys");
  const file = Buffer.from(bytes);
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  if (file[28] !== 0) throw new Error("an interlaced picture; store its lines one after the other");
  const lines = unfiltered(inflateSync(Buffer.concat([...imageData(file)])), height, width * bytesPerPixel);
  return decodedDepths(lines, "gray16be", { height, width });
}

/** The contents of a PNG's `IDAT` chunks. */
function* imageData(file: Buffer): Generator<Buffer> {
  for (let at = 8; at + 12 <= file.length; ) {
    const length = file.readUInt32BE(at);
    if (file.toString("latin1", at + 4, at + 8) === "IDAT") yield file.subarray(at + 8, at + 8 + length);
    at += 12 + length;
  }
}

/**
 * Lines of a PNG without the filter that each is stored under.
 *
 * @source PNG specification, third edition, § 9
 */
function unfiltered(filtered: Buffer, lines: number, lineBytes: number): Buffer {
  if (filtered.length < lines * (lineBytes + 1)) throw new Error("a picture that ends early");
  const out = Buffer.alloc(lines * lineBytes);
  for (let line = 0; line < lines; line++) {
    const filter = filtered[line * (lineBytes + 1)]!;
    for (let at = 0; at < lineBytes; at++) {
      const here = line * lineBytes + at;
      const left = at < bytesPerPixel ? 0 : out[here - bytesPerPixel]!;
      const above = line === 0 ? 0 : out[here - lineBytes]!;
      const aboveLeft = line === 0 || at < bytesPerPixel ? 0 : out[here - lineBytes - bytesPerPixel]!;
      out[here] = filtered[line * (lineBytes + 1) + 1 + at]! + predicted(filter, left, above, aboveLeft);
    }
  }
  return out;
}

function predicted(filter: number, left: number, above: number, aboveLeft: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return Math.floor((left + above) / 2);
    case 4:
      return paeth(left, above, aboveLeft);
    default:
      throw new Error(`a line under filter ${filter}, which there is not`);
  }
}

/** Whichever neighbour is nearest to left + above − above left; of equals the first. */
function paeth(left: number, above: number, aboveLeft: number): number {
  const distance = (value: number) => Math.abs(left + above - aboveLeft - value);
  const nearer = distance(left) <= distance(above) ? left : above;
  return distance(nearer) <= distance(aboveLeft) ? nearer : aboveLeft;
}
