import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitEpisodes } from "./split.ts";

const hundred = [...Array(100).keys()];

describe("the split", () => {
  it("holds out the share asked for, and every episode lies on exactly one side", () => {
    const episodes = fc.uniqueArray(fc.nat(1000), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(episodes, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (all, ratio) => {
        const { train, validation } = splitEpisodes(3, "pusht", all, ratio);
        expect([...train, ...validation].sort()).toEqual([...all].sort());
        expect(train.length).toBeGreaterThan(0);
        expect(Math.abs(validation.length - all.length * ratio)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("does not depend on order, other datasets or how often it is asked", () => {
    expect(splitEpisodes(3, "pusht", hundred.toReversed(), 0.2)).toEqual(splitEpisodes(3, "pusht", hundred, 0.2));
  });

  it("lists both sides in ascending order, numbers as numbers", () => {
    const { train, validation } = splitEpisodes(3, "pusht", [...hundred, 1000, 200].toReversed(), 0.5);
    for (const side of [train, validation]) {
      expect(side).toHaveLength(51);
      for (const [at, episode] of side.entries()) if (at > 0) expect(episode).toBeGreaterThan(side[at - 1]!);
    }
  });

  it("is another for another seed or dataset (OpenTau 503)", () => {
    const held = (seed: number, dataset: string) => splitEpisodes(seed, dataset, hundred, 0.2).validation.join();
    expect(new Set([held(3, "pusht"), held(4, "pusht"), held(3, "gr1")]).size).toBe(3);
  });

  it("keeps episodes where they are when others are added", () => {
    const before = splitEpisodes(3, "pusht", hundred, 0.2).validation;
    const after = new Set(splitEpisodes(3, "pusht", [...Array(110).keys()], 0.2).validation);
    expect(before.filter((episode) => !after.has(episode)).length).toBeLessThanOrEqual(6);
  });

  it("refuses what cannot be split, naming the dataset", () => {
    expect(() => splitEpisodes(3, "pusht", [7], 0.2)).toThrow(
      /"pusht": expected two episodes or more .*got 1; give it the role/,
    );
    for (const ratio of [0, 1, Number.NaN])
      expect(() => splitEpisodes(3, "pusht", hundred, ratio)).toThrow(/between 0 and 1/);
  });
});
