import { expect, it } from "vitest";
import { HostArray } from "../../graph/host-array.ts";
import { planes } from "./planes.ts";

function picture(height: number, width: number, pixels: readonly (readonly number[])[]) {
  return new HostArray("h w c", [height, width, 3], "uint8", Uint8Array.from(pixels.flat()));
}

it("black, white and pure colours have the values that BT.601 gives them", () => {
  const whole = (colour: readonly number[]) => [...planes(picture(2, 2, [colour, colour, colour, colour]))];
  expect(whole([0, 0, 0])).toEqual([16, 16, 16, 16, 128, 128]);
  expect(whole([255, 255, 255])).toEqual([235, 235, 235, 235, 128, 128]);
  expect(whole([255, 0, 0])).toEqual([81, 81, 81, 81, 90, 240]);
  expect(whole([0, 255, 0])).toEqual([145, 145, 145, 145, 54, 34]);
  expect(whole([0, 0, 255])).toEqual([41, 41, 41, 41, 240, 110]);
});

it("four pixels share their mean colour, and an odd edge stands for its missing neighbour", () => {
  const [red, blue] = [
    [255, 0, 0],
    [0, 0, 255],
  ];
  expect([...planes(picture(2, 2, [red, red, blue, blue]))].slice(4)).toEqual([165, 175]);
  expect([...planes(picture(1, 3, [red, blue, blue]))]).toEqual([81, 41, 41, 165, 240, 175, 110]);
});
