import { expect, it } from "vitest";
import { picture } from "./picture.ts";

it("a camera's bytes are red, green and blue of each pixel, row by row, also where there is one row or one column", () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
  for (const [height, width] of [
    [1, 2],
    [2, 1],
  ] as const) {
    const seen = picture(bytes, { height, width });
    expect([seen.axes, seen.shape, [...seen.cells]]).toEqual(["h w c", [height, width, 3], [1, 2, 3, 4, 5, 6]]);
  }
});

it.each([
  ["a byte too few", 5, { height: 1, width: 2 }],
  ["a fourth byte for each pixel", 8, { height: 1, width: 2 }],
  ["no row", 0, { height: 0, width: 2 }],
  ["no column", 0, { height: 2, width: 0 }],
])("%s is refused", (_, count, size) => {
  expect(() => picture(new Uint8Array(count), size)).toThrow(
    `picture: expected ${size.height} · ${size.width} · 3 bytes, got ${count}; red, green and blue`,
  );
});
