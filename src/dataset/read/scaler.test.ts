import { afterAll, expect, test } from "vitest";
import { loadLibav } from "../libav.ts";
import { Scaler } from "./scaler.ts";

const libav = await loadLibav();
const scaler = libav === null ? null : new Scaler(libav);
afterAll(() => scaler?.close());

test.skipIf(libav === null)("a frame of two interlaced fields is shown as the lines that it has", () => {
  const { library, constants } = libav!;
  // Lines by turns black and white, 16 × 12, without colour.
  const luma = Buffer.from(Array.from({ length: 12 * 16 }, (_, at) => (Math.floor(at / 16) % 2 === 0 ? 16 : 235)));
  const pixels = Buffer.concat([luma, Buffer.alloc(2 * 8 * 6, 128)]);
  const format = constants.AV_PIX_FMT_YUV420P;
  const frame = library.Frame.fromVideoBuffer(pixels, { width: 16, height: 12, format, timeBase: { num: 1, den: 10 } });
  frame.flags |= constants.AV_FRAME_FLAG_INTERLACED;
  const { cells } = scaler!.picture(frame, { height: 12, width: 16 });
  expect([0, 1, 2, 3].map((line) => cells[line * 16 * 3 + 1])).toEqual([0, 255, 0, 255]);
  frame.free();
});
