import { expect, it } from "vitest";
import type { Losses, WeightsValidation } from "../metric/group.ts";
import { validationAsJson } from "../objective/as-json.ts";
import { FakeTerminal } from "./testing/fake-terminal.ts";
import { trainingDisplayFor } from "./training-display-for.ts";

const losses = (loss: number): Losses => ({ byErrors: new Map([["velocity", loss]]), loss, interval: null });
const validation = (loss: number): WeightsValidation => {
  const groups = [{ dataset: "arm", controlMode: "joint", samples: 12, episodes: 2, ...losses(loss) }];
  return { weights: "ema", samples: 12, groups, aggregate: losses(loss) };
};

function started() {
  const screen = new FakeTerminal(72, 20);
  const time = { ms: 0 };
  const display = trainingDisplayFor({ screen, total: 100, batchSize: 8, now: () => time.ms }, {});
  const step = (number: number, loss: number, ms: number) => {
    time.ms = ms;
    display.logged({ kind: "step", step: number, loss, gradientNorm: 2, learningRate: 0.001 });
    display.stepped({ step: number, loss, waitShare: 0 });
  };
  const validated = (number: number, loss: number) => {
    display.logged({ kind: "validation", step: number, ...validationAsJson(validation(loss)) });
    display.validated(number, validation(loss));
  };
  return { screen, time, display, step, validated };
}

it("has one bar at a time: the steps, the samples of a validation, or the episodes of a rollout", () => {
  const { screen, time, display, step, validated } = started();
  display.note("data.workers was 1 and is 2");
  display.begun(0);
  time.ms = 1000;
  display.validating(3, 12);
  expect(screen.shown).toEqual(["data.workers was 1 and is 2", "validate  █████░░░░░░░░░░░░░░░  3/12  25%"]);
  time.ms = 8000;
  validated(0, 2);
  expect(screen.shown.slice(0, 2)).toEqual(["data.workers was 1 and is 2", "step 0  validation of EMA weights 2.0000"]);
  // Two steps in a second, not in nine: what the validation took is none of theirs.
  step(2, 0.5, 9000);
  expect(screen.shown[2]).toBe("train  ░░░░░░░░░░░░░░░░░░░░  2/100  2%  2 step/s  0:49 left");
  time.ms = 10_000;
  display.rollingOut(0, 20);
  time.ms = 11_000;
  display.rollingOut(5, 20);
  expect(screen.shown[2]).toBe("rollout  █████░░░░░░░░░░░░░░░  5/20  25%  5 episode/s  0:03 left");
  const score = { successRate: 0.55, interval: [0.342, 0.742], meanSteps: 80 } as const;
  display.rolledOut(2, [{ robot: "arm", dataset: "arm", episodes: 20, successes: 11, ...score }]);
  expect(screen.shown[2]).toBe("step 2  arm: 11 of 20 succeeded, 55 % (95 % interval 34.2 % to 74.2 %)");
  display.hide();
  expect(screen.shown).toHaveLength(3);
});

it("shows the numbers of the last step and of the run's clock, the curves and the groups", () => {
  const { screen, display, step, validated } = started();
  display.logged({ kind: "start", step: 0, at: 1_000_000, waitedMs: 0 });
  display.begun(0);
  validated(0, 2);
  step(1, 4, 500);
  display.logged({ kind: "time", step: 10, at: 1_002_000, waitedMs: 500 });
  step(10, 0.25, 2000);
  validated(10, 0.5);
  step(11, 0.125, 4000);
  const shown = screen.shown.slice(2);
  // 10 steps of 8 samples in 2 seconds, of which half a second was waiting.
  expect(shown[1]).toBe("loss 0.125  gradient norm 2  learning rate 0.001  40 samples/s");
  expect(shown[2]).toBe("data wait 25 %");
  // Smoothed: (0.81 · 4 + 0.9 · 0.25 + 0.125) / 2.71 = 1.325.
  expect(shown[4]).toBe("training loss 1.32 smoothed          held-out loss 0.5000");
  expect(shown.slice(-2)).toEqual([
    "arm      joint         2.0000  0.5000   −75 %",
    "mixture                2.0000  0.5000   −75 %",
  ]);
});

it("is redrawn four times a second at most, and as seldom as its drawing is slow", () => {
  const { screen, display, step } = started();
  display.begun(0);
  for (let number = 1; number <= 200; number++) step(number, 1, number * 10);
  expect(screen.writes).toBe(8);
  const slow = new FakeTerminal(72, 20);
  // Each look at the clock takes as long as a tenth of a second.
  let ms = 0;
  const sluggish = trainingDisplayFor({ screen: slow, total: 100, batchSize: 8, now: () => (ms += 100) }, {});
  sluggish.begun(0);
  while (ms < 20_000) sluggish.stepped({ step: 1, loss: 1, waitShare: 0 });
  expect(slow.writes).toBeLessThanOrEqual(5);
});

it("leaves how long it took and its curves, and the next text begins a line", () => {
  const { screen, time, display, step } = started();
  display.begun(0);
  step(50, 2, 1000);
  step(100, 1, 2000);
  time.ms = 65_000;
  display.finish();
  expect(screen.shown[0]).toBe("train  ████████████████████  100/100  100%  took 1:05");
  expect(screen.shown.at(-1)).toMatch(/^ +50 +100$/);
  screen.write("trained");
  expect(screen.shown.at(-1)).toBe("trained");
});

it.each([
  ["where the text goes to a file", false, "xterm"],
  ["on a terminal that cannot move its cursor", true, "dumb"],
])("is one line at a time %s", (_, isTTY, TERM) => {
  const screen = new FakeTerminal(72, 20);
  Object.assign(screen, { isTTY });
  const time = { ms: 0 };
  const display = trainingDisplayFor({ screen, total: 100, batchSize: 8, now: () => time.ms }, { TERM });
  display.begun(0);
  time.ms = 12_000;
  display.stepped({ step: 52, loss: 1, waitShare: 0 });
  expect(screen.shown).toEqual([
    expect.stringMatching(/^train .* 52\/100 {2}52% {2}4\.33 step\/s {2}0:11 left {2}loss 1 {2}wait 0%$/),
  ]);
});
