import { afterAll, describe, expect, it } from "vitest";
import { factNames } from "../../src/batch/each.ts";
import { exampleBatch } from "../../src/batch/testing/example-batch.ts";
import { withFact } from "../../src/batch/testing/with-fact.ts";
import { zeros } from "../../src/graph/host-array.ts";
import { Program } from "../../src/graph/program.ts";
import { countsOf, fillCellWeights, type Term } from "../../src/loss/reduction.ts";
import { traceActions } from "../../src/objective/objective.ts";
import { observationFeeds } from "../../src/objective/observation-feeds.ts";
import type { Setting } from "../../src/objective/traced.ts";
import { type FlowHeadName, flowHeadNames } from "../../src/policy/head/form.ts";
import { grootSizes } from "../../src/policy/size.ts";
import { type GrootVariant, variants } from "../../src/policy/variant.ts";
import {
  MicroPolicy,
  microSetting,
  microWeights,
  nothing,
  type PolicyOutcome,
  testForm,
} from "../../src/training/testing/micro-policy.ts";
import { type Rule, Rules } from "../../src/validity/rules.ts";
import { changed, hidden, layout, outcomeOf, ragged, releasePolicies, taughtInTheFirstTwo } from "./policy.ts";

afterAll(releasePolicies);

describe("LeRobot: errors are zeroed where they are padded and then divided by everything", () => {
  /** Two samples of two slots and four steps: all of the first is real, one step of one slot of the second. */
  const counts = { bySlot: zeros("b d", [2, 2], "float64"), perSlot: 4 };
  counts.bySlot.cells.set([4, 4, 1, 0]);
  const weightsOf = (term: Omit<Term, "name" | "errors" | "weight">, rules: Rules) => {
    const whole = { name: "velocity", errors: "velocity", weight: 1, ...term };
    const out = zeros("b d", [2, 2], "float32");
    fillCellWeights(out, whole, counts, { whole: countsOf(whole, counts), rules });
    return [...out.cells];
  };
  const single = (value: number) => Math.fround(value);

  it("LeRobot 3353 (ACT): over cells, each weighs one of those that are real", () => {
    const term = { slots: [0, 1], reduction: "cells" } as const;
    expect(weightsOf(term, Rules.all)).toEqual([1, 1, 1, 1].map((one) => single(one / 9)));
    expect(weightsOf(term, Rules.without("denominator"))).toEqual([1, 1, 1, 1].map((one) => single(one / 16)));
  });

  it("LeRobot 3377 (its fix for ACT, Diffusion and MultiTaskDiT): over samples, each is divided by its own cells", () => {
    const term = { slots: [0, 1], reduction: "samples" } as const;
    expect(weightsOf(term, Rules.all)).toEqual([1 / 16, 1 / 16, 1 / 2, 1 / 2].map(single));
    expect(weightsOf(term, Rules.without("denominator"))).toEqual([1, 1, 1, 1].map((one) => single(one / 16)));
  });

  it("LeRobot 3433 (SmolVLA, which that fix forgot): a sample without cells weighs nothing and is no sample", () => {
    const term = { slots: [1], reduction: "samples" } as const;
    expect(weightsOf(term, Rules.all)).toEqual([0, 1 / 4, 0, 0]);
    const broken = weightsOf(term, Rules.without("denominator"));
    expect(broken).toEqual([0, 1 / 8, 0, 0]);
  });

  it("and so for every head, in the loss itself: a longer window of nothing leaves it", async () => {
    for (const head of flowHeadNames) {
      const { loss, errors } = await outcomeOf(head, null, ragged);
      const broken = await outcomeOf(head, "denominator", ragged);
      expect(changed({ errors: errors! }, broken)).toEqual([]);
      expect(broken.loss![0]).toBeLessThan(0.7 * loss![0]!);
    }
  });
});

describe("physical-ai-studio 873: a mask under a misspelt key is no mask", () => {
  it("stops the run by name, instead of running without it", async () => {
    const setting = microSetting({ head: "flow", layout, rules: Rules.all, claw: 0 });
    const { actions, parameters } = traceActions(setting);
    const program = await Program.compile({ actions }, { device: "cpu", threads: 1, fixed: microWeights(setting) });
    const feeds = new Map(observationFeeds(ragged));
    const out = zeros("b t d", [4, 4, 6], "float32");
    const needed = new Set(program.inputs.map(({ name }) => name));
    expect(needed.has("stepReal") && parameters.length > 0).toBe(true);
    const misspelt = new Map([...feeds, ["noise", out] as const].filter(([name]) => needed.has(name)));
    misspelt.set("stepIsReal", misspelt.get("stepReal")!);
    misspelt.delete("stepReal");
    await expect(program.run(misspelt, new Map([["actions", out]]))).rejects.toThrow(
      /missing "stepReal".*left over "stepIsReal"/,
    );
    program.release();
  });
});

describe("lingbot-vla 62 and lingbot-vla-v2 19: a mask is accepted and never used", () => {
  const complete = exampleBatch(layout, 2);

  describe.each(flowHeadNames)("with the head %s", (head) => {
    // A policy with a flow says no actions: no cell of `actionTokenReal` is there. `objective/tokens.test.ts` has those.
    it.each(factNames.filter((fact) => complete.facts[fact].bits.length > 0))(
      "%s is read: another one makes another loss",
      async (fact) => {
        // Filler rows weigh nothing: only their errors can change.
        const output = fact === "rowReal" ? "errors" : "loss";
        const perRow = complete.facts[fact].bits.length / layout.rows;
        const other = withFact(complete, fact, (at) => (at < perRow ? 0 : 1));
        expect(changed(await outcomeOf(head, null, complete), await outcomeOf(head, null, other))).toContain(output);
      },
    );
  });
});

describe("GR00T 417: the mask of the vision-language tokens", () => {
  /** GR00T's head with three layers of cross-attention, where the micro policy has one. */
  const dit = { ...grootSizes.micro.dit, layers: 6 };
  const deep: GrootVariant = {
    ...variants.groot_n16,
    sizes: { ...grootSizes, micro: { ...grootSizes.micro, dit } },
  };
  const outcomes = async (rules: Rules) => {
    const setting: Setting = {
      form: testForm(deep, "micro", layout, 0),
      layout,
      unrealInput: "zero",
      rules,
      hidden: "plain",
      pictures: "uint8",
    };
    const [policy, weights] = [await MicroPolicy.compile(setting), microWeights(setting)];
    const found = [await policy.outcome(ragged, weights, nothing), await policy.outcome(ragged, weights, hidden)];
    policy.release();
    return [found[0]!, found[1]!] as const;
  };

  it("reaches every cross-attention: of three, none reads tokens that do not exist", async () => {
    const [plain, poisoned] = await outcomes(Rules.all);
    const blocks = Object.keys(plain).flatMap((name) => /block\.(\d)\.key\.weight$/.exec(name)?.[1] ?? []);
    expect(blocks).toEqual(["0", "1", "2", "3", "4", "5"]);
    expect(changed(plain, poisoned)).toEqual([]);
  });

  it("is what hides them: without it loss and actions change", async () => {
    const found = changed(...(await outcomes(Rules.without("cross-attention-keys"))));
    expect(found).toEqual(expect.arrayContaining(["loss", "actions"]));
  });
});

describe("recordings that end at success (openpi and LeRobot teach a repeated action there, OpenTau and others hide it)", () => {
  const whole = exampleBatch(layout, 4);
  const ending = withFact(whole, "stepReal", (at) => (at % layout.steps < 2 ? 1 : 0));
  const taught = taughtInTheFirstTwo(whole);
  /** What came out of the two steps that exist in both. */
  const ofFirstTwo = ({ actions, ...rest }: PolicyOutcome): PolicyOutcome => ({
    ...rest,
    actions: actions!.filter((_, at) => Math.floor(at / layout.actionWidth) % layout.steps < 2),
  });
  const outcomes = async (head: FlowHeadName, rule: Rule | null) =>
    [
      ofFirstTwo(await outcomeOf(head, rule, whole, taught)),
      ofFirstTwo(await outcomeOf(head, rule, ending, taught)),
    ] as const;

  it.each(flowHeadNames)(
    "existence is no hint: with the head %s steps are not told whether later ones exist",
    async (head) => {
      const [one, other] = await outcomes(head, null);
      expect(changed(one, other)).toEqual([]);
      expect(Math.abs(one.loss![0]!)).toBeGreaterThan(0);
      const [seen, told] = await outcomes(head, "step-order");
      expect(changed(seen, told)).toEqual(expect.arrayContaining(["loss", "errors", "actions"]));
    },
  );
});
