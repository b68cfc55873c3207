import { describe, expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { stream } from "../graph/random.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { type AugmentationKey, augment, type Change, drawChange, usualAugmentation } from "./augment.ts";

const picture = (height: number, width: number, value: (at: number) => number) =>
  new HostArray(
    "h w c",
    [height, width, 3],
    "uint8",
    Uint8Array.from({ length: height * width * 3 }, (_, at) => value(at)),
  );
const red = (cells: Uint8Array) => [...cells].filter((_, at) => at % 3 === 0);
const none: Change = { crop: 1, shift: [0, 0], radians: 0, brightness: 1, contrast: 1, saturation: 1 };
const key: AugmentationKey = { seed: 1, dataset: "pusht", view: "base", episode: 4, frame: 7, draw: 0 };

describe("augment", () => {
  const own = picture(4, 4, (at) => (at * 53) % 256);

  it("leaves a picture as it is when nothing is changed", () => {
    expectSameBits("picture", augment(own, none), own);
  });

  it("cuts out the part that the shift says and scales it up", () => {
    const quarters = picture(4, 4, (at) => (Math.floor(at / 3) % 4 < 2 ? 10 : 200));
    const left = augment(quarters, { ...none, crop: 0.5, shift: [-1, 0] });
    // The part is columns 0 to 2: the last new pixel lies a quarter of a pixel before its edge, which mixes in column 2.
    expect(red(left.cells).slice(4, 8)).toEqual([10, 10, 10, Math.round(0.75 * 10 + 0.25 * 200)]);
    const middle = augment(
      picture(4, 4, (at) => Math.floor(at / 12) * 40),
      { ...none, crop: 0.5, shift: [0, 1] },
    );
    expect(red(middle.cells).filter((_, at) => at % 4 === 1)).toEqual([70, 90, 110, 120]);
  });

  it("turns counterclockwise about the middle for a positive angle, black where nothing was", () => {
    const turned = augment(own, { ...none, radians: Math.PI / 2 });
    const at = (cells: Uint8Array, row: number, column: number) => cells[(row * 4 + column) * 3 + 1];
    for (let row = 0; row < 4; row++)
      for (let column = 0; column < 4; column++)
        expect(at(turned.cells, row, column)).toBe(at(own.cells, column, 3 - row));
    const tilted = augment(
      picture(16, 16, () => 255),
      { ...none, radians: Math.PI / 4 },
    );
    expect([tilted.cells[0], tilted.cells[(8 * 16 + 8) * 3]]).toEqual([0, 255]);
  });

  it("is black past each of the four sides, and not before", () => {
    const white = picture(4, 4, () => 255);
    // One and a half times the side: the outer pixels lie a quarter of a pixel past the rim, on every side.
    const rows = ["....", ".##.", ".##.", "...."].join("");
    expect(red(augment(white, { ...none, crop: 1.5 }).cells).map((cell) => (cell === 255 ? "#" : "."))).toEqual([
      ...rows,
    ]);
    // Twice the side of two pixels: their middles lie on the rim itself.
    const two = picture(2, 2, () => 255);
    expect(red(augment(two, { ...none, crop: 2 }).cells)).toEqual([255, 255, 255, 255]);
  });

  it("changes colours as computed by hand", () => {
    const two = new HostArray("h w c", [1, 2, 3], "uint8", Uint8Array.of(100, 50, 0, 200, 200, 200));
    expect([...augment(two, { ...none, brightness: 1.5 }).cells]).toEqual([150, 75, 0, 255, 255, 255]);
    // Greys are 59.25 and 200, their mean 129.625.
    expect([...augment(two, { ...none, contrast: 0.5 }).cells]).toEqual([115, 90, 65, 165, 165, 165]);
    expect([...augment(two, { ...none, saturation: 0 }).cells]).toEqual([59, 59, 59, 200, 200, 200]);
  });
});

describe("the change of a sample", () => {
  it("is a pure function of its key, another for another seed, dataset, view, episode, frame or draw", () => {
    const change = JSON.stringify(drawChange(usualAugmentation, key));
    expect(JSON.stringify(drawChange(usualAugmentation, { ...key }))).toBe(change);
    const others = [{ seed: 2 }, { dataset: "gr1" }, { view: "top" }, { episode: 5 }, { frame: 8 }, { draw: 1 }];
    for (const other of others)
      expect(JSON.stringify(drawChange(usualAugmentation, { ...key, ...other }))).not.toBe(change);
  });

  it("is drawn up where the number of its place lies above a half, and down where it lies below", () => {
    const drawn = stream(1, "augmentation", "pusht", "base");
    const at = (place: number) => 2 * drawn.uniform(place, 0, 7, 4) - 1;
    const { brightness, contrast, saturation, shift, radians } = drawChange(usualAugmentation, key);
    expect([brightness, contrast, saturation]).toEqual([1 + 0.3 * at(3), 1 + 0.4 * at(4), 1 + 0.5 * at(5)]);
    expect([...shift, radians]).toEqual([at(0), at(1), (5 * at(2) * Math.PI) / 180]);
  });

  it("stays within its bounds and reaches for them", () => {
    const changes = Array.from({ length: 2000 }, (_, frame) => drawChange(usualAugmentation, { ...key, frame }));
    const span = (value: (change: Change) => number) => [
      Math.min(...changes.map(value)),
      Math.max(...changes.map(value)),
    ];
    const bounds: [(change: Change) => number, number, number][] = [
      [(change) => (change.radians * 180) / Math.PI, -5, 5],
      [(change) => change.brightness, 0.7, 1.3],
      [(change) => change.contrast, 0.6, 1.4],
      [(change) => change.saturation, 0.5, 1.5],
      [(change) => change.shift[0], -1, 1],
      [(change) => change.shift[1], -1, 1],
    ];
    for (const [value, low, high] of bounds) {
      const [least = 0, most = 0] = span(value);
      expect(least).toBeGreaterThanOrEqual(low);
      expect(most).toBeLessThanOrEqual(high);
      expect(most - least).toBeGreaterThan(0.99 * (high - low));
    }
  });

  it("leaves the geometry of a camera that moves with the hand", () => {
    const change = drawChange(usualAugmentation, { ...key, view: "left_wrist" });
    expect([change.crop, change.radians]).toEqual([1, 0]);
    expect(change.brightness).not.toBe(1);
  });
});
