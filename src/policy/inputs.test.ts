import { expect, it } from "vitest";
import { bits, evaluate, named } from "../graph/testing/evaluate.ts";
import { SymbolicValidity } from "../validity/symbolic.ts";
import { readableSlots } from "./inputs.ts";

it("a slot may be read if it is now, or lies in the episode and was not dropped; none of a filler row", async () => {
  const facts = {
    historyReal: SymbolicValidity.input("historyReal", "b o", [5, 3]),
    historyKept: SymbolicValidity.input("historyKept", "b", [5]),
    rowReal: SymbolicValidity.input("rowReal", "b", [5]),
  };
  const feeds = named({
    // Kept, dropped, cut off at the start, said to be nowhere real, filler.
    historyReal: bits("b o", [5, 3], [1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 1, 1, 1]),
    historyKept: bits("b", [5], [1, 0, 1, 1, 1]),
    rowReal: bits("b", [5], [1, 1, 1, 1, 0]),
  });
  const { isReal } = readableSlots([5, 3], facts);
  const { readable } = await evaluate({ readable: isReal }, { feeds, threads: 1, fixed: new Map() });
  expect([...readable].join("")).toBe("111" + "001" + "011" + "001" + "000");
});
