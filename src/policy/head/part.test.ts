import { expect, it } from "vitest";
import { constant, input } from "../../graph/array.ts";
import { gradient } from "../../graph/gradient.ts";
import { sum } from "../../graph/op/align.ts";
import { multiply } from "../../graph/op/elementwise.ts";
import { expectClose } from "../../graph/testing/close.ts";
import { evaluate, floats, named } from "../../graph/testing/evaluate.ts";
import { placed } from "./part.ts";

const exact = { absolute: 0, relative: 0, because: "cells are moved, not computed" };

it("each part's numbers stand in its slots, slots of no part hold 0, and gradients go the same way back", async () => {
  const arm = input("arm", "b n e", [1, 2, 3], "float32");
  const claw = input("claw", "b n e", [1, 2, 2], "float32");
  const whole = placed(
    [
      { part: { name: "arm", slots: [4, 0, 1] }, values: arm },
      { part: { name: "claw", slots: [3, 6] }, values: claw },
    ],
    8,
  );
  const weight = constant(floats("float32", "b t d", [1, 2, 8], [...Array(16).keys()]));
  const [ofArm, ofClaw] = gradient(sum(multiply(whole, weight), ""), [arm, claw]);
  const feeds = named({
    arm: floats("float32", "b n e", [1, 2, 3], [1, 2, 3, 4, 5, 6]),
    claw: floats("float32", "b n e", [1, 2, 2], [7, 8, 9, Number.NaN]),
  });
  const found = await evaluate({ whole, ofArm: ofArm!, ofClaw: ofClaw! }, { feeds, threads: 1, fixed: new Map() });
  expect(whole.axes).toBe("b t d");
  expectClose("whole", found.whole, [2, 3, 0, 7, 1, 0, 8, 0, 5, 6, 0, 9, 4, 0, Number.NaN, 0], exact);
  expectClose("gradient of the arm", found.ofArm, [4, 0, 1, 12, 8, 9], exact);
  expectClose("gradient of the claw", found.ofClaw, [3, 6, 11, 14], exact);
});
