import type { Picture } from "../dataset.ts";

/**
 * A picture as the three planes of `yuv420p`, one after the other: brightness of every pixel, two colours of every 2 × 2.
 *
 * FFmpeg's scaler reads a few bytes past the picture's end, and the last pixels would depend on what lies there.
 *
 * @source ITU-R BT.601, narrow range: white is 235, black 16, no colour 128
 */
export function planes({ cells, shape: [height = 0, width = 0] }: Picture): Uint8Array {
  const [halfHeight, halfWidth] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const [pixels, quarters] = [height * width, halfHeight * halfWidth];
  const out = new Uint8Array(pixels + 2 * quarters);
  for (let at = 0; at < pixels; at++)
    out[at] = 16.5 + (65.481 * cells[3 * at]! + 128.553 * cells[3 * at + 1]! + 24.966 * cells[3 * at + 2]!) / 255;
  for (let row = 0; row < halfHeight; row++)
    for (let column = 0; column < halfWidth; column++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let corner = 0; corner < 4; corner++) {
        // At an odd edge the last pixel stands for its missing neighbour.
        const y = Math.min(2 * row + (corner >> 1), height - 1);
        const x = Math.min(2 * column + (corner & 1), width - 1);
        const at = 3 * (y * width + x);
        red += cells[at]!;
        green += cells[at + 1]!;
        blue += cells[at + 2]!;
      }
      const at = pixels + row * halfWidth + column;
      out[at] = 128.5 + (-37.797 * red - 74.203 * green + 112 * blue) / 1020;
      out[at + quarters] = 128.5 + (112 * red - 93.786 * green - 18.214 * blue) / 1020;
    }
  return out;
}
