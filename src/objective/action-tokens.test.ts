import { expect, it } from "vitest";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { HostArray } from "../graph/host-array.ts";
import { Validity } from "../validity/validity.ts";
import { actionTokenFeeds, actionTokenInputs } from "./action-tokens.ts";

const vocabulary = 130;
const layout = {
  rows: 4,
  steps: 4,
  actionWidth: 6,
  stateWidth: 5,
  views: 1,
  observations: 1,
  tokens: 4,
  actionTokens: 6,
  pictureSize: 16,
};

it("what stands in the padding of action tokens is neither read, nor taught, nor taught behind", () => {
  const whole = raggedBatch(layout, 4);
  // A word, two actions, then padding in which an action stands; in the second row the first token does not exist, in others none.
  const cells = new Int32Array(24).fill(138);
  cells.set([7, 131, 135]);
  cells.set([131, 135], 7);
  const bits = new Uint8Array(24);
  bits.set([1, 1, 1, 0, 0, 0, 0, 1, 1]);
  const actionTokens = whole.actionTokens.changed(() => [
    new HostArray("b m", [4, 6], "int32", cells),
    Validity.of("b m", [4, 6], bits),
  ]);
  const { feeds, counts } = actionTokenFeeds({ ...whole, actionTokens }, vocabulary);
  const padded = (cells: readonly number[]) => [...cells, ...Array<number>(24 - cells.length).fill(0)];
  const fed = (name: string) => [...feeds.get(name)!.cells].map(Number);
  expect(fed(actionTokenInputs.words)).toEqual(padded([7]));
  expect(fed(actionTokenInputs.actions)).toEqual(padded([0, 1, 5, 0, 0, 0, 0, 1, 5]));
  expect(fed(actionTokenInputs.isAction)).toEqual(padded([0, 1, 1, 0, 0, 0, 0, 1, 1]));
  // Two actions follow tokens that exist in the first row, one in the second.
  expect([...counts.bySlot.cells]).toEqual([2, 1, 0, 0]);
});
