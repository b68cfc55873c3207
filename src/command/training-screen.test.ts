import { describe, expect, it } from "vitest";
import { sortEvents } from "../dashboard/run-events.ts";
import type { RunEvent } from "../training/event-log.ts";
import { type ShownTraining, trainingLines } from "./training-screen.ts";

const plain = (_: string, text: string) => text;
const losses = (loss: number) => ({ loss, velocity: loss });
const steps: RunEvent[] = [1, 2, 3].map((step) => {
  return { kind: "step", step, loss: 10 ** (2 - step), gradientNorm: 1.23456, learningRate: 5e-5 };
});
const validations: RunEvent[] = [0, 3].map((step) => {
  const loss = 4 / (step + 1);
  const groups = [{ dataset: "arm", controlMode: "joint", samples: 4, ...losses(loss) }];
  return { kind: "validation", step, samples: 4, groups, aggregate: losses(loss) };
});
const pace = { step: 3, stepsPerSecond: 2.5, waitShare: 0.031, at: 0 };

function state(events: readonly RunEvent[], change: Partial<ShownTraining> = {}): ShownTraining {
  const bar = (room: number) => "train 3/6".slice(0, room);
  return { events: sortEvents(events), pace, batchSize: 64, bar, isOver: false, ...change };
}

describe("what is shown while a policy trains", () => {
  it("is how far it is, the last numbers, both curves beside each other, and the groups", () => {
    const lines = trainingLines(state([...steps, ...validations]), { columns: 72, rows: 15 }, plain);
    // Smoothed by 0.9: 10; (0.9 · 10 + 1) / 1.9 = 5.263; (0.81 · 10 + 0.9 · 1 + 0.1) / 2.71 = 3.358.
    expect(lines).toEqual([
      "train 3/6",
      "loss 0.1  gradient norm 1.23  learning rate 0.00005  160 samples/s",
      "data wait 3 %",
      "",
      "training loss 3.36 smoothed          held-out loss 1.0000",
      "  10 ⠉⠒⠢⠤⢄⣀                          4 ⠉⠑⠒⠢⠤⢄⣀⡀",
      "           ⠉⠑⠒⠤⢄⣀⡀                            ⠈⠉⠑⠒⠒⠤⠤⣀⣀",
      "                 ⠈⠉⠒⠒⠤⠤⣀⣀⡀                             ⠉⠉⠒⠒⠤⠤⢄⣀⡀",
      "3.36                     ⠈⠉⠉⠒⠒⠤⠤⢄⣀   1                         ⠈⠉⠑⠒⠢⠤⢄⣀",
      "     1                           3     0                              3",
      "",
      "dataset  control mode   first    last  change",
      "───────  ────────────  ──────  ──────  ──────",
      "arm      joint         4.0000  1.0000   −75 %",
      "mixture                4.0000  1.0000   −75 %",
    ]);
  });

  it("has its curves below each other where they would be narrow, and only the first where that is too high", () => {
    const titles = (rows: number) =>
      trainingLines(state([...steps, ...validations]), { columns: 39, rows }, plain).filter((line) =>
        /loss/.test(line),
      );
    expect(titles(30)).toEqual(["loss 0.1  gradient norm 1.23", "training loss 3.36 smoothed", "held-out loss 1.0000"]);
    expect(titles(16)).toEqual(["loss 0.1  gradient norm 1.23", "training loss 3.36 smoothed"]);
    expect(titles(12)).toEqual(["loss 0.1  gradient norm 1.23"]);
  });

  it("never has more lines, or longer ones, than there is room for, and its bar in any case", () => {
    for (let columns = 39; columns < 120; columns += 9)
      for (let rows = 1; rows < 40; rows++) {
        const lines = trainingLines(state([...steps, ...validations]), { columns, rows }, plain);
        expect(lines[0]).toBe("train 3/6");
        expect(lines.length).toBeLessThanOrEqual(rows);
        expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns);
      }
  });

  it("shows what there is: nothing but the bar at first, then the first validation, which is no curve yet", () => {
    const early = (events: readonly RunEvent[]) =>
      trainingLines(state(events, { pace: null }), { columns: 39, rows: 12 }, plain);
    expect(early([])).toEqual(["train 3/6"]);
    expect(early(validations.slice(0, 1)).slice(1)).toEqual([
      "",
      "dataset   first    last  change",
      "───────  ──────  ──────  ──────",
      "arm      4.0000  4.0000     0 %",
      "mixture  4.0000  4.0000     0 %",
    ]);
  });

  it("has no table at its end, as the whole result follows", () => {
    const lines = trainingLines(state([...steps, ...validations], { isOver: true }), { columns: 72, rows: 15 }, plain);
    expect(lines.at(-1)).toMatch(/^ +1 +3 +0 +3$/);
  });
});
