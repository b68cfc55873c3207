import { describe, expect, it } from "vitest";
import { Rules } from "./rules.ts";
import { Supervised, type SupervisionRule, type TargetFacts } from "./supervised.ts";
import { Validity } from "./validity.ts";

/** Two rows of two steps and three slots: the first ends after a step and lacks slot 1; the second has no target. */
const facts: TargetFacts = {
  stepReal: Validity.of("b t", [2, 2], Uint8Array.of(1, 0, 1, 1)),
  dofReal: Validity.of("b d", [2, 3], Uint8Array.of(1, 0, 1, 1, 1, 1)),
  targetReal: Validity.of("b", [2], Uint8Array.of(1, 0)),
  dofMoves: Validity.of("b d", [2, 3], Uint8Array.of(1, 0, 0, 1, 1, 1)),
  stepAsked: Validity.complete("b t", [2, 2]),
};

const teaching = (rule: SupervisionRule, rules = Rules.all, stepsThatTeach: "real" | "all" = "real") => [
  ...Supervised.byRule(rule, facts, { rules, stepsThatTeach }).toArray().cells,
];

describe("what teaches", () => {
  it("is every real cell of a row with a target", () => {
    expect(teaching("allReal")).toEqual([1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("may leave out dofs that never move", () => {
    expect(teaching("moving")).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("may be every step of the dofs that exist, where a copy of the last action was taught past the end", () => {
    expect(teaching("allReal", Rules.all, "all")).toEqual([1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
  });

  it("was every cell when π0 was trained", () => {
    expect(teaching("asReleasedPi")).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
  });

  it("would hold steps past the end, or dofs that are not there, with a rule broken", () => {
    expect(teaching("allReal", Rules.without("loss-steps"))).toEqual([1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    expect(teaching("allReal", Rules.without("loss-dims"))).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("is counted by row and slot over the steps", () => {
    const supervised = Supervised.byRule("asReleasedPi", facts, { rules: Rules.all, stepsThatTeach: "real" });
    expect([...Supervised.countBySlot(supervised).cells]).toEqual([2, 2, 2, 0, 0, 0]);
  });

  it("is not a validity, nor made from one", () => {
    const mustNotCompile = () => {
      // @ts-expect-error what exists does not therefore teach
      const taught: Supervised<"b d"> = facts.dofReal;
      // @ts-expect-error a rule has to be named
      Supervised.byRule(facts, { rules: Rules.all, stepsThatTeach: "real" });
      // @ts-expect-error there is no way around the rules
      new Supervised(facts.dofReal);
      return taught;
    };
    expect(mustNotCompile).toBeTypeOf("function");
  });
});
