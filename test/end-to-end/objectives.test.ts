import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { expectSameBits } from "../../src/graph/testing/bits.ts";
import { launcher, onRanks, skipped } from "../ranks/launched.ts";
import { armature, awkward, jsonOf, scratch } from "./command.ts";

const settings = [
  "policy.variant=pi0_prompt",
  "validation.everySteps=3",
  "batch.microBatch=2",
  "optimizer.peak=1e-3",
  "optimizer.final=1e-4",
];
const steps = ["--steps", "6", ...settings.flatMap((setting) => ["--set", setting])];

const losses = z.object({ velocity: z.number().nullable(), tokens: z.number().nullable(), loss: z.number() });
const validationSchema = z.object({ groups: z.array(losses.extend({ dataset: z.string() })), aggregate: losses });

let place: Awaited<ReturnType<typeof scratch>>;
let trained: Record<string, unknown> = {};
beforeAll(async () => {
  place = await scratch();
  trained = jsonOf(await armature("train", awkward, "--out", place.path("one"), ...steps, "--json"));
});
afterAll(() => place.remove());

describe("a policy of two objectives, a flow and a prompt that is said token by token", () => {
  it("learns both, and validates each by dataset: null where a dataset has no data of it", () => {
    const [first, last] = [trained.initialValidation, trained.validation].map((one) => validationSchema.parse(one));
    expect(last!.groups.map(({ dataset, velocity }) => [dataset, velocity === null])).toEqual([
      ["questions", true],
      ["arm", false],
      ["arm", false],
      ["twin", false],
      ["cart", false],
    ]);
    for (const { velocity, tokens, loss } of last!.groups) expect(loss).toBeCloseTo((velocity ?? 0) + tokens!, 9);
    // Of 258 tokens, before anything is learnt: about the logarithm of their number, and more for what is said wrongly.
    expect(first!.aggregate.tokens).toBeGreaterThan(Math.log(258) - 0.5);
    expect(last!.aggregate.tokens).toBeLessThan(first!.aggregate.tokens!);
    expect(last!.aggregate.velocity).toBeLessThan(first!.aggregate.velocity!);
  });

  it("has no term of the loss that a robotless mixture lacks: its tokens alone teach", () => {
    const { groups } = validationSchema.parse(trained.validation);
    const questions = groups.find(({ dataset }) => dataset === "questions")!;
    expect(questions.loss).toBe(questions.tokens);
  });

  it.skipIf(launcher === undefined)(`is the same on two ranks, to the bit${skipped}`, async () => {
    const found = await onRanks(2, "train", awkward, "--out", place.path("two"), ...steps);
    const numbers = ({ loss, validation }: Record<string, unknown>) => [loss, validationSchema.parse(validation)];
    expectSameBits("two ranks", numbers(found), numbers(trained));
  });
});
