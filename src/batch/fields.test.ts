import { describe, expect, it } from "vitest";
import { bits, evaluate, named } from "../graph/testing/evaluate.ts";
import { mustNotCompile } from "../graph/testing/must-not-compile.ts";
import { inProgram, onHost } from "../validity/join.ts";
import type { Padded } from "../validity/padded.ts";
import { SymbolicValidity } from "../validity/symbolic.ts";
import { Validity } from "../validity/validity.ts";
import type { Batch } from "./batch.ts";
import { factNames, fieldNames, observedNames } from "./each.ts";
import { field, readableSlots, realActionCells } from "./fields.ts";
import type { BatchLayout } from "./layout.ts";
import { raggedBatch } from "./testing/example-batch.ts";

const layout: BatchLayout = {
  rows: 4,
  steps: 2,
  actionWidth: 2,
  stateWidth: 2,
  views: 1,
  observations: 1,
  tokens: 2,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 1,
};

describe("a slot may be read if it is now, or lies in the episode and was not dropped; none of a filler row", () => {
  // Kept, dropped, cut off at the start, said to be nowhere real, filler.
  const historyReal = Uint8Array.of(1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 1, 1, 1);
  const historyKept = Uint8Array.of(1, 0, 1, 1, 1);
  const rowReal = Uint8Array.of(1, 1, 1, 1, 0);
  const expected = "111" + "001" + "011" + "001" + "000";

  it("on the host", () => {
    const facts = {
      historyReal: Validity.of("b o", [5, 3], historyReal),
      historyKept: Validity.of("b", [5], historyKept),
      rowReal: Validity.of("b", [5], rowReal),
    };
    expect(readableSlots(onHost, facts).bits.join("")).toBe(expected);
  });

  it("in a program", async () => {
    const facts = {
      historyReal: SymbolicValidity.input("historyReal", "b o", [5, 3]),
      historyKept: SymbolicValidity.input("historyKept", "b", [5]),
      rowReal: SymbolicValidity.input("rowReal", "b", [5]),
    };
    const feeds = named({
      historyReal: bits("b o", [5, 3], [...historyReal]),
      historyKept: bits("b", [5], [...historyKept]),
      rowReal: bits("b", [5], [...rowReal]),
    });
    const { isReal } = readableSlots(inProgram, facts);
    const { readable } = await evaluate({ readable: isReal }, { feeds, threads: 1, fixed: new Map() });
    expect([...readable].join("")).toBe(expected);
  });
});

it("names facts and fields in the order of the table, of which a robot perceives all but what it is taught", () => {
  expect(factNames.join(" ")).toBe(
    "stepReal dofReal stateReal targetReal historyReal historyKept viewReal tokenReal responseReal metadataReal subgoalReal actionTokenReal rowReal",
  );
  expect(fieldNames.join(" ")).toBe("images state prompt response metadata subgoals embodiment actions actionTokens");
  expect(observedNames.join(" ")).toBe("images state prompt response metadata subgoals embodiment");
});

mustNotCompile(() => {
  const batch: Batch = raggedBatch(layout, 1);
  // @ts-expect-error: a fact by other axes than the table has
  const slots: Validity<"b o"> = batch.facts.viewReal;
  // @ts-expect-error: pictures are real by camera
  const bySlot: Validity<"b o"> = batch.images.valid;
  // @ts-expect-error: tokens are whole numbers
  const prompt: Padded<"b n"> = batch.prompt;
  const { stepReal, dofReal, targetReal } = batch.facts;
  // @ts-expect-error: one fact in the place of another
  realActionCells(onHost, { stepReal: dofReal, dofReal, targetReal });
  // @ts-expect-error: facts of the host in a program
  realActionCells(inProgram, { stepReal, dofReal, targetReal });
  // @ts-expect-error: a part that does not lie within the axes
  onHost.every("b t", [stepReal, dofReal]);
  const row = { axes: "b t", type: "float32", unreal: 0, poison: "number" } as const;
  // @ts-expect-error: a validity whose axes do not lie within those of the values
  field({ ...row, realBy: "b d", real: (_, { dofReal: own }) => own });
  // @ts-expect-error: a validity by other axes than the row says
  field({ ...row, realBy: "b t", real: (_, { dofReal: own }) => own });
  // @ts-expect-error: no such fact
  factNames.includes("pictureReal");
  return [slots, bySlot, prompt];
});
