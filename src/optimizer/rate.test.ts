import { describe, expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { rateFactors } from "./rate.ts";

const names = ["vision.tower.patch", "vision.map", "backbone.1.query", "backbone.10.query", "expert.out", "action.in"];

const factors = (rates: Readonly<Record<string, number>>) => [...rateFactors(names, { rates }).values()];

describe("factors of the learning rate", () => {
  it("are 1 where nothing is said, and where nothing fits", () => {
    expect([...rateFactors(names, {})]).toEqual(names.map((name) => [name, 1]));
    expect(factors({})).toEqual([1, 1, 1, 1, 1, 1]);
    expect(factors({ "expert.out": 2 })).toEqual([1, 1, 1, 1, 2, 1]);
  });

  it("are those of a beginning, which ends at a dot, and of two that fit those of the longer, in whatever order they stand", () => {
    expect(factors({ "backbone.1": 0.5 })).toEqual([1, 1, 0.5, 1, 1, 1]);
    expect(factors({ vision: 0.1, "vision.tower": 0.01 })).toEqual([0.01, 0.1, 1, 1, 1, 1]);
    expect(factors({ "vision.tower": 0.01, vision: 0.1 })).toEqual([0.01, 0.1, 1, 1, 1, 1]);
  });

  it("are those of a part by its name, which gives way to any beginning where it is all but others", () => {
    expect(factors({ expert: 3 })).toEqual([1, 1, 1, 1, 3, 3]);
    expect(factors({ "without vision": 2 })).toEqual([1, 2, 2, 2, 2, 2]);
    expect(factors({ all: 0.1, expert: 1, "action.in": 5 })).toEqual([0.1, 0.1, 0.1, 0.1, 1, 5]);
  });

  it("may be said twice where they are the same, and are refused where they are not", () => {
    expect(factors({ expert: 3, projections: 3 })).toEqual([1, 1, 1, 1, 3, 3]);
    expect(() => factors({ expert: 3, projections: 4 })).toThrow(
      new InputError(
        'optimizer.rates: expected one factor for "action.in", got 3 as "expert" and 4 as "projections"; ' +
          "name the beginning of its name that one of them is meant for",
      ),
    );
  });

  it("are refused for what does not train, with the nearest that does", () => {
    expect(() => factors({ expert: 2, visin: 0.1 })).toThrow(
      new InputError(
        'optimizer.rates: expected parts or beginnings of names of parameters that train, got "visin"; ' +
          'did you mean "vision"?',
      ),
    );
    expect(() => rateFactors(["action.in"], { rates: { vision: 0.1 } })).toThrow('got "vision"');
    expect(() => rateFactors(["vision.tower.patch"], { rates: { "without vision": 0.1 } })).toThrow(InputError);
  });
});
