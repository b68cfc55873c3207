import { expect, test } from "vitest";
import { Recent } from "./recent.ts";

const kept = (capacity: number) => {
  const dropped: string[] = [];
  return { recent: new Recent<string, string>(capacity, (value) => dropped.push(value)), dropped };
};

test("the longest unused makes room", () => {
  const { recent, dropped } = kept(2);
  recent.set("a", "A", 1);
  recent.set("b", "B", 1);
  recent.get("a");
  recent.set("c", "C", 1);
  expect([recent.get("a"), recent.get("b"), recent.get("c")]).toEqual(["A", undefined, "C"]);
  expect(dropped).toEqual(["B"]);
});

test("heavy values push out as many as they need, and what is too heavy none", () => {
  const { recent, dropped } = kept(10);
  for (const key of ["a", "b", "c"]) recent.set(key, key, 3);
  recent.set("large", "large", 11);
  expect([dropped, recent.get("large")]).toEqual([[], undefined]);
  recent.set("d", "d", 7);
  expect(dropped).toEqual(["a", "b"]);
  expect([recent.get("c"), recent.get("d")]).toEqual(["c", "d"]);
});

test("a value set again under its key is not dropped, another one is", () => {
  const { recent, dropped } = kept(2);
  recent.set("a", "A", 1);
  recent.set("a", "A", 2);
  expect(dropped).toEqual([]);
  recent.set("a", "other", 1);
  recent.set("b", "B", 1);
  expect([dropped, recent.get("a")]).toEqual([["A"], "other"]);
  recent.clear();
  expect(dropped).toEqual(["A", "B", "other"]);
});
