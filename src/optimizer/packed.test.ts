import { expect, test } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { Packed } from "./packed.ts";
import { packedNumbers, packedParts } from "./packed-layout.ts";

const values = (sizes: Readonly<Record<string, number>>) =>
  new Map(
    Object.entries(sizes).map(([name, size], at) => {
      return [name, new HostArray("i", [size], "float32", new Float32Array(size).fill(at + 1))];
    }),
  );
const packed = (sizes: Readonly<Record<string, number>>) => Packed.copyOf(values(sizes));

test("parameters lie in the order of their names, each from a whole row of 16 cells on, with zeros between", () => {
  const { cells } = packed({ b: 3, c: 2, a: 17 });
  // a has 17 cells and takes 32, b 3 and takes 16; the buffer is one row of 1,024.
  expect(cells).toHaveLength(1024);
  expect([cells[0], cells[16], cells[17], cells[31]]).toEqual([3, 3, 0, 0]);
  expect([cells[32], cells[34], cells[35]]).toEqual([1, 1, 0]);
  expect([cells[48], cells[49], cells[50]]).toEqual([2, 2, 0]);
});

test("zeros of some forms are laid out as values of the same forms", () => {
  const zeros = Packed.zeros([
    { name: "b", axes: "i", shape: [3] },
    { name: "a", axes: "i j", shape: [17, 1] },
  ]);
  expect(() => zeros.expectLike("here", packed({ b: 3, a: 17 }))).not.toThrow();
  expect(zeros.get("a")).toEqual(new HostArray("i j", [17, 1], "float32", new Float32Array(17)));
});

test("they are a map of names to values", () => {
  const map = packed({ b: 1, a: 2 });
  expect([map.size, map.has("a"), map.has("c")]).toEqual([2, true, false]);
  expect(map.get("c")).toBeUndefined();
  expect([...map.keys()]).toEqual(["a", "b"]);
  expect([...map.values()].map(({ cells }) => [...cells])).toEqual([[2, 2], [1]]);
  expect([...map.entries()]).toEqual([...map]);
  const visited: [string, number, number][] = [];
  map.forEach(({ cells }, name, all) => void visited.push([name, cells.length, all.size]));
  expect(visited).toEqual([
    ["a", 2, 2],
    ["b", 1, 2],
  ]);
});

test("one layout is asked for by place, by number and by length, and what is wrong is named", () => {
  const expectLike = (own: Record<string, number>, other: Record<string, number>) => () =>
    packed(own).expectLike("here", packed(other));
  expect(expectLike({ a: 3, b: 2 }, { b: 5, a: 16 })).not.toThrow();
  expect(expectLike({ a: 3, b: 2 }, { a: 17, b: 2 })).toThrow(
    'here: expected 2 parameters of one layout, got 2; "b" lies elsewhere or is missing',
  );
  expect(expectLike({ a: 3, b: 2 }, { a: 3 })).toThrow('got 1; "b" lies elsewhere or is missing');
  expect(expectLike({ a: 3 }, { a: 3, b: 2 })).toThrow('got 2; "a parameter" lies elsewhere or is missing');
  expect(expectLike({ a: 3 }, { a: 2000 })).toThrow('got 1; "a parameter" lies elsewhere or is missing');
});

test("a long buffer has 64 parts, each of as many rows as that takes, and the last what is left", () => {
  const parts = packedParts(100_000 * 1024);
  // 100,000 rows by 64 are 1,562.5; 63 parts of 1,563 leave 1,531.
  expect(parts.map(({ shape }) => shape[0])).toEqual([...Array(63).fill(1563), 1531]);
});

test("moved values lie one group further in the same memory, and moved again where they were", () => {
  // Ten parts of 256 rows: the first group is eight of them, 2,048 rows.
  const whole = packed({ a: 2_560 * 1024 });
  expect(whole.groups.map(({ size }) => size)).toEqual([8, 2]);
  const { moved } = whole;
  expect([whole.isBehindRoom, moved.isBehindRoom, moved.moved.isBehindRoom]).toEqual([false, true, false]);
  expect(moved.get("a")!.cells.byteOffset - whole.get("a")!.cells.byteOffset).toBe(2_048 * 1024 * 4);
  moved.groups[1]!.get("1")!.cells.fill(5);
  expect([moved.cells.at(-1), moved.cells.at(-256 * 1024 - 1)]).toEqual([5, 0]);
  expect(moved.moved.cells.byteOffset).toBe(whole.cells.byteOffset);
  expect(() => moved.expectLike("here", whole)).not.toThrow();
});

test("each block of 16 cells has the number of its parameter, and none at the end of the buffer a number but 0", () => {
  const forms = Object.entries({ b: 3, c: 2, a: 17 }).map(([name, size]) => ({ name, axes: "i", shape: [size] }));
  const [group, ...others] = packedNumbers(forms, (name) => ({ a: 7, b: 8, c: 9 })[name] ?? 0);
  const numbers = group!.get("0")!;
  expect([others.length, group!.size, numbers.axes, numbers.shape]).toEqual([0, 1, "i j", [1, 64]]);
  expect([...numbers.cells]).toEqual([7, 7, 8, 9, ...Array(60).fill(0)]);
});

test("blocks of a large buffer go on from group to group, as its cells do", () => {
  // 11 parts of 256 rows and less: a group of eight, and one of three. Row 2,100 begins `b`, in the ninth part.
  const forms = Object.entries({ a: 2100, b: 500 }).map(([name, rows]) => ({ name, axes: "i j", shape: [rows, 1024] }));
  const groups = packedNumbers(forms, (name) => (name === "b" ? 1 : 0));
  expect(groups.map((parts) => [...parts.values()].map(({ shape }) => shape[0]))).toEqual([
    Array(8).fill(256),
    [256, 256, 40],
  ]);
  const sums = groups.map((parts) => [...parts.values()].map(({ cells }) => cells.reduce((sum, one) => sum + one, 0)));
  expect(sums).toEqual([Array(8).fill(0), [204 * 64, 256 * 64, 40 * 64]]);
});
