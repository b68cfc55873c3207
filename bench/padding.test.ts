import { expect, it } from "vitest";
import { expectSameBits } from "../src/graph/testing/bits.ts";
import { ownRecipe } from "../src/own-package.ts";
import { loadRecipe } from "../src/recipe/file.ts";
import { paddedSteps } from "./padding.ts";

it.each(["pi0", "groot_n16"] as const)(
  "in %s, a step without guards has no selection and no fact, and the same errors and gradients",
  async (variant) => {
    const everyPadding = await loadRecipe(ownRecipe("every-padding"));
    const recipe = { ...everyPadding, policy: { ...everyPadding.policy, variant } };
    const steps = await paddedSteps(recipe, 1);
    expect(steps.with).toMatchObject({ facts: 10 });
    expect(steps.with.guards).toBeGreaterThan(8);
    // What is left says which steps an action reads, in each layer of π0's expert and in each block of GR00T's that reads its own
    // stream, and which slots each slot of history reads in the first of the tower's two layers that look back.
    expect(steps.without).toMatchObject({ facts: 0, guards: variant === "pi0" ? 3 + 1 : 2 + 1 });
    // After an update the errors are those of weights that the gradient has moved.
    for (let step = 0; step < 2; step++) {
      const expected = [...(await steps.with.step())];
      expectSameBits("errors", [...(await steps.without.step())], expected);
      expect(Math.min(...expected)).toBeGreaterThan(0);
    }
    steps.with.release();
    steps.without.release();
  },
);
