import { expect, it } from "vitest";
import { ownRecipe } from "../../own-package.ts";
import { headNames } from "../../policy/head/form.ts";
import { loadRecipe } from "../../training/recipe-file.ts";
import { paddedSteps } from "./padding.ts";

it.each(headNames)(
  "with the head %s, a step without guards has no selection and no fact, and the same errors and gradients",
  async (head) => {
    const everyPadding = await loadRecipe(ownRecipe("every-padding"));
    const recipe = { ...everyPadding, policy: { ...everyPadding.policy, head } };
    const steps = await paddedSteps(recipe, 1);
    expect(steps.with).toMatchObject({ facts: 10 });
    expect(steps.with.guards).toBeGreaterThan(8);
    // What is left of π0's head says that the state does not see the actions, in each layer.
    expect(steps.without).toMatchObject({ facts: 0, guards: head === "flow" ? 2 : 0 });
    // After an update the errors are those of weights that the gradient has moved.
    for (let step = 0; step < 2; step++) {
      const expected = [...(await steps.with.step())];
      expect([...(await steps.without.step())]).toEqual(expected);
      expect(Math.min(...expected)).toBeGreaterThan(0);
    }
    steps.with.release();
    steps.without.release();
  },
);
