import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { expectSameBits } from "../../src/graph/testing/bits.ts";
import { loadPolicy } from "../../src/serving/load.ts";
import { launcher, onRanks, skipped } from "../ranks/launched.ts";
import { armature, awkward, jsonOf, scratch } from "./command.ts";

const settings = [
  "policy.variant=pi0_fast",
  "policy.promptTokens=90",
  "validation.everySteps=3",
  "batch.microBatch=2",
  "optimizer.peak=1e-3",
  "optimizer.final=1e-4",
];
const steps = ["--steps", "6", ...settings.flatMap((setting) => ["--set", setting])];

const losses = z.object({ velocity: z.null(), tokens: z.number().nullable(), loss: z.number().nullable() });
const validationSchema = z.object({ groups: z.array(losses.extend({ dataset: z.string() })), aggregate: losses });

let place: Awaited<ReturnType<typeof scratch>>;
let trained: Record<string, unknown> = {};
beforeAll(async () => {
  place = await scratch();
  trained = jsonOf(await armature("train", awkward, "--out", place.path("one"), ...steps, "--json"));
});
afterAll(() => place.remove());

describe("a policy that says its actions", () => {
  it("learns to, and validates what it says by dataset: null where a dataset has no actions", () => {
    const [first, last] = [trained.initialValidation, trained.validation].map((one) => validationSchema.parse(one));
    expect(last!.groups.map(({ dataset, tokens }) => [dataset, tokens === null])).toEqual([
      ["questions", true],
      ["arm", false],
      ["arm", false],
      ["twin", false],
      ["cart", false],
    ]);
    // Of 258 tokens of text and 128 of actions, before anything is learnt: about the logarithm of their number.
    expect(first!.aggregate.tokens).toBeGreaterThan(Math.log(386) - 0.5);
    expect(last!.aggregate.tokens).toBeLessThan(first!.aggregate.tokens!);
  });

  it.skipIf(launcher === undefined)(`is the same on two ranks, to the bit${skipped}`, async () => {
    const found = await onRanks(2, "train", awkward, "--out", place.path("two"), ...steps);
    const numbers = ({ loss, validation }: Record<string, unknown>) => [loss, validationSchema.parse(validation)];
    expectSameBits("two ranks", numbers(found), numbers(trained));
  });

  it("has no error of actions where it says no chunk: what is no answer is no number, and not 0", async () => {
    const found = jsonOf(await armature("validate", place.path("one"), "--json"));
    const errors = z.array(
      z.object({ steps: z.number(), unsaidSteps: z.number(), meanAbsoluteError: z.number().nullable() }),
    );
    const own = errors.parse(found.actionErrors);
    expect(own.length).toBeGreaterThan(0);
    for (const { steps: said, unsaidSteps, meanAbsoluteError } of own) {
      expect(meanAbsoluteError === null).toBe(said === 0);
      // Six steps of training teach no one to say a chunk: of those that were recorded, none is lost from the count.
      expect(unsaidSteps).toBeGreaterThan(0);
    }
  });

  it("tells a robot that it has no chunk for it, in place of actions that it did not say", async () => {
    const policy = await loadPolicy(place.path("one"), { robots: 1, machine: "as trained" });
    try {
      const robot = policy.robot({ dataset: "cart" });
      const session = policy.session(robot, { seed: 1 });
      session.see({ state: robot.embodiment.states.map(() => 0), pictures: {} });
      await expect(policy.act([session.ask("go")])).rejects.toThrow(
        /expected a chunk of .*cart.*, got an answer that says \d+ of 5 steps/,
      );
    } finally {
      policy.release();
    }
  });
});
