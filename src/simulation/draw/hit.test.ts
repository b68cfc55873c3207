import { expect, it } from "vitest";
import { hits, Ray } from "./hit.ts";

type Point = readonly [number, number, number];

const none = { at: Number.POSITIVE_INFINITY, normal: [0, 0, 0] };

/** MuJoCo's numbers of the shapes. */
const numbers = { plane: 0, sphere: 2, capsule: 3, cylinder: 5, box: 6 } as const;

/** Where a ray first hits a shape of these half sizes, and the normal there. */
function hit(shape: keyof typeof numbers, [a, b, c]: Point, from: Point, along: Point) {
  const ray = new Ray();
  [ray.fromX, ray.fromY, ray.fromZ] = from;
  [ray.alongX, ray.alongY, ray.alongZ] = along;
  const at = hits.get(numbers[shape])!(ray, { a, b, c });
  // Without a negative zero, which is the same normal.
  return { at, normal: [ray.normalX, ray.normalY, ray.normalZ].map((part) => part + 0) };
}

const at = (found: number, ...normal: number[]) => ({
  at: expect.closeTo(found, 12),
  normal: normal.map((part) => expect.closeTo(part, 12)),
});

it("a plane is seen from above, within its sides", () => {
  const size: Point = [1, 0.5, 0];
  expect(hit("plane", size, [0.2, -0.2, 2], [0, 0.2, -1])).toEqual(at(2, 0, 0, 1));
  expect(hit("plane", size, [0.2, -0.2, 2], [0, 0.4, -1])).toEqual(none);
  expect(hit("plane", size, [0.2, -0.2, 2], [0.5, 0, -1])).toEqual(none);
  expect(hit("plane", size, [0, 0, 2], [0, 0, 1])).toEqual(none);
  expect(hit("plane", size, [0, 0, -2], [0, 0, -1])).toEqual(none);
});

it("a sphere is hit in lengths of the ray, on the side that it comes from, and not from inside or behind", () => {
  const size: Point = [1, 0, 0];
  expect(hit("sphere", size, [0, 0, 5], [0, 0, -2])).toEqual(at(2, 0, 0, 1));
  // 0.6² + 0.8² = 1: the ray enters at x = −0.8.
  expect(hit("sphere", size, [-2, 0.6, 0], [1, 0, 0])).toEqual(at(1.2, -0.8, 0.6, 0));
  expect(hit("sphere", size, [-2, 1.1, 0], [1, 0, 0])).toEqual(none);
  expect(hit("sphere", size, [0, 0, 0.5], [0, 0, -1])).toEqual(none);
  expect(hit("sphere", size, [0, 0, 5], [0, 0, 1])).toEqual(none);
});

it("a capsule is a tube between two balls", () => {
  const size: Point = [0.5, 1, 0];
  expect(hit("capsule", size, [2, 0, 0.3], [-1, 0, 0])).toEqual(at(1.5, 1, 0, 0));
  expect(hit("capsule", size, [0.3, -2, -0.9], [0, 1, 0])).toEqual(at(1.6, 0.6, -0.8, 0));
  // 0.3 above the end of the tube the ball of 0.5 is 0.4 wide.
  expect(hit("capsule", size, [2, 0, 1.3], [-1, 0, 0])).toEqual(at(1.6, 0.8, 0, 0.6));
  expect(hit("capsule", size, [2, 0, -1.3], [-1, 0, 0])).toEqual(at(1.6, 0.8, 0, -0.6));
  expect(hit("capsule", size, [0, 0, 4], [0, 0, -1])).toEqual(at(2.5, 0, 0, 1));
  expect(hit("capsule", size, [0, 0, -4], [0, 0, 1])).toEqual(at(2.5, 0, 0, -1));
  expect(hit("capsule", size, [2, 0, 1.6], [-1, 0, 0])).toEqual(none);
  expect(hit("capsule", size, [0.6, 0, 4], [0, 0, -1])).toEqual(none);
});

it("a cylinder has a wall and two lids", () => {
  const size: Point = [0.5, 1, 0];
  expect(hit("cylinder", size, [2, 0, 0.9], [-1, 0, 0])).toEqual(at(1.5, 1, 0, 0));
  expect(hit("cylinder", size, [0.2, 0.1, 3], [0, 0, -1])).toEqual(at(2, 0, 0, 1));
  expect(hit("cylinder", size, [0.2, 0.1, -3], [0, 0, 1])).toEqual(at(2, 0, 0, -1));
  // Over the rim: past the wall's end, down on the lid at x = 0.4.
  expect(hit("cylinder", size, [1.4, 0, 2], [-1, 0, -1])).toEqual(at(1, 0, 0, 1));
  expect(hit("cylinder", size, [0.4, 0.4, 3], [0, 0, -1])).toEqual(none);
  expect(hit("cylinder", size, [2, 0, 1.1], [-1, 0, 0])).toEqual(none);
  expect(hit("cylinder", size, [0.2, 0, 3], [0, 0, 1])).toEqual(none);
});

it("a box is hit on the face that the ray enters last of all its slabs", () => {
  const size: Point = [1, 2, 3];
  expect(hit("box", size, [4, 0.5, 0.5], [-1, 0, 0])).toEqual(at(3, 1, 0, 0));
  expect(hit("box", size, [4, -0.5, -0.5], [-1, 0, 0])).toEqual(at(3, 1, 0, 0));
  expect(hit("box", size, [4, 0, 0], [-1, 0, 0])).toEqual(at(3, 1, 0, 0));
  expect(hit("box", size, [0.5, -5, 1], [0, 1, 0])).toEqual(at(3, 0, -1, 0));
  expect(hit("box", size, [0.5, 1, 7], [0, 0, -2])).toEqual(at(2, 0, 0, 1));
  // It is past x = 1 at 2 and past y = 2 at 3, where x is 0.
  expect(hit("box", size, [3, 5, 0], [-1, -1, 0])).toEqual(at(3, 0, 1, 0));
  for (const [from, along] of [
    [
      [4, 2.1, 0],
      [-1, 0, 0],
    ],
    [
      [4, 0, 3.1],
      [-1, 0, 0],
    ],
    [
      [1.1, 5, 0],
      [0, -1, 0],
    ],
    [
      [0, 0, 0],
      [1, 0, 0],
    ],
    [
      [4, 0, 0],
      [1, 0, 0],
    ],
  ] as const)
    expect(hit("box", size, from, along)).toEqual(none);
});
