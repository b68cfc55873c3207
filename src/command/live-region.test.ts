import { expect, it } from "vitest";
import { LiveRegion } from "./live-region.ts";
import { FakeTerminal } from "./testing/fake-terminal.ts";

function started(...first: readonly string[]) {
  const terminal = new FakeTerminal(20, 6);
  const content = { lines: first };
  const region = new LiveRegion(terminal, () => content.lines);
  region.draw();
  return { terminal, content, region };
}

it("draws its lines over what they were, in one write, and leaves nothing of longer ones", () => {
  const { terminal, content, region } = started("train 10", "loss 0.123456", "arm 1");
  content.lines = ["train 11", "loss 0.1"];
  region.draw();
  expect(terminal.shown).toEqual(["train 11", "loss 0.1"]);
  content.lines = ["train 12", "loss 0.1", "arm 2", "cart 3"];
  region.draw();
  expect(terminal.shown).toEqual(["train 12", "loss 0.1", "arm 2", "cart 3"]);
  expect(terminal.writes).toBe(3);
});

it("has what is noted above it, in the order in which it came", () => {
  const { terminal, region } = started("train 10", "loss 0.1");
  region.note("step 10  held out 0.5");
  region.note("checkpoint");
  // The first is longer than the terminal is wide.
  expect(terminal.shown).toEqual(["step 10  held out 0.", "5", "checkpoint", "train 10", "loss 0.1"]);
});

it("stays whole at the end of a screen that scrolls", () => {
  const { terminal, region } = started("train 10", "loss 0.1");
  for (let at = 0; at < 9; at++) region.note(`note ${at}`);
  region.draw();
  expect(terminal.shown).toEqual([...Array.from({ length: 9 }, (_, at) => `note ${at}`), "train 10", "loss 0.1"]);
});

it("is redrawn at once when the terminal is resized, also where that wrapped its lines", () => {
  const { terminal, content, region } = started("a line of 19 letter", "another of 19 chars");
  region.note("noted");
  content.lines = ["short", "lines"];
  terminal.resize(10, 6);
  expect(terminal.shown).toEqual(["noted", "short", "lines"]);
});

it("keeps clear of the last column and of one row", () => {
  const terminal = new FakeTerminal(20, 6);
  new LiveRegion(terminal, ({ columns, rows }) => [`${columns} × ${rows}`]).draw();
  expect(terminal.shown).toEqual(["19 × 5"]);
});

it("takes itself away without a trace, and comes back with the next drawing", () => {
  const { terminal, region } = started("train 10", "loss 0.1");
  region.note("noted");
  region.hide();
  expect(terminal.shown).toEqual(["noted"]);
  expect(terminal.listenerCount("resize")).toBe(0);
  region.hide();
  region.note("noted again");
  region.draw();
  expect(terminal.shown).toEqual(["noted", "noted again", "train 10", "loss 0.1"]);
});

it("ends with its last lines, and the next text begins a line", () => {
  const { terminal, content, region } = started("train 10", "loss 0.1");
  content.lines = ["train 20"];
  region.finish();
  expect(terminal.shown).toEqual(["train 20"]);
  terminal.write("done");
  expect(terminal.shown).toEqual(["train 20", "done"]);
  expect(terminal.listenerCount("resize")).toBe(0);
});
