import { crc32, deflateSync } from "node:zlib";
import type { Picture } from "../dataset/dataset.ts";

/** The bytes that every file begins with. */
const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/**
 * A picture as the bytes of a PNG file: every pixel as it is.
 *
 * @param picture `[h w 3]`, red green blue
 * @throws RangeError if it has no pixel or other than three channels
 * @source W3C PNG § 5 (chunks), § 9 (filter type 0)
 */
export function encodePng(picture: Picture): Uint8Array {
  const [height = 0, width = 0, channels] = picture.shape;
  if (height === 0 || width === 0 || channels !== 3)
    throw new RangeError(`encodePng: expected a picture [h w 3], got [${picture.shape.join(" ")}]`);
  const stride = width * 3;
  const lines = new Uint8Array(height * (stride + 1));
  for (let row = 0; row < height; row++)
    lines.set(picture.cells.subarray(row * stride, (row + 1) * stride), row * (stride + 1) + 1);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits of red, green and blue each, without interlacing.
  header.set([8, 2, 0, 0, 0], 8);
  const body = deflateSync(lines, { level: 1 });
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", body), chunk("IEND", new Uint8Array(0))]);
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const named = Buffer.concat([Buffer.from(type, "latin1"), body]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
