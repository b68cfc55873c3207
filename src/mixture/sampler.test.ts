import { describe, expect, it } from "vitest";
import { stream } from "../graph/random.ts";
import { framesOf, locate } from "./frames.ts";
import { draw, type Sampled } from "./sampler.ts";

const member = (name: string, share: number, ...lengths: readonly number[]): Sampled => ({
  name,
  share,
  train: framesOf(
    lengths.map((length, at) => ({ index: 10 * at, length })),
    0,
  ),
});
const mixture = [member("a", 0.5, 5, 3), member("b", 0.3, 40), member("c", 0.2, 7, 0, 6)];
const draws = (from: number, to: number, seed = 1, members: readonly Sampled[] = mixture) =>
  Array.from({ length: to - from }, (_, at) => draw(seed, members, from + at));
const key = (one: ReturnType<typeof draw>) => `${one.member} ${one.episode} ${one.frame}`;

describe("frames", () => {
  it("are fewer where windows have to end inside their episode, and none of an episode shorter than one", () => {
    const episodes = [9, 3, 6].map((length, at) => ({ index: 10 * at, length }));
    expect(framesOf(episodes, 4)).toEqual({ episodes: [0, 10, 20], starts: [0, 5, 5, 7] });
  });

  it("are numbered through the episodes, also past one that has none", () => {
    const { train } = mixture[2]!;
    expect([0, 6, 7, 12].map((number) => locate(train, number))).toEqual([
      { episode: 0, frame: 0 },
      { episode: 0, frame: 6 },
      { episode: 20, frame: 0 },
      { episode: 20, frame: 5 },
    ]);
    for (const number of [13, -1, 0.5, Number.NaN])
      expect(() => locate(train, number)).toThrow(`locate: expected a frame below 13, got ${number}`);
  });
});

describe("the sampler", () => {
  it("draws each frame of a member once before any twice, and says how often before", () => {
    const seen = new Map<string, number>();
    const perMember = [0, 0, 0];
    for (const one of draws(0, 600)) {
      const times = seen.get(key(one)) ?? 0;
      expect(one.draw).toBe(times);
      expect(one.draw).toBe(Math.floor(perMember[one.member]! / [8, 40, 13][one.member]!));
      seen.set(key(one), times + 1);
      perMember[one.member]!++;
    }
    expect(seen.size).toBe(8 + 40 + 13);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "counts the draws of each member from the first on, wherever seed %i begins",
    (seed) => {
      const counts = [0, 0, 0];
      for (const one of draws(0, 300, seed))
        expect(one.draw).toBe(Math.floor(counts[one.member]!++ / [8, 40, 13][one.member]!));
    },
  );

  it("gives every member its share of any stretch, to within a few draws", () => {
    for (const from of [0, 777, 3_000_000_000]) {
      const counts = [0, 0, 0];
      for (const [at, one] of draws(from, from + 400).entries()) {
        counts[one.member]!++;
        for (const [index, { share }] of mixture.entries())
          expect(Math.abs(counts[index]! - share * (at + 1))).toBeLessThan(4);
      }
    }
  });

  it("knows at step a million how often a member has been drawn before, as counting would", () => {
    // A hundred consecutive draws of one member of 40 frames around n = 32 million: passes and frames stay exact.
    const far = draws(32_000_000, 32_000_400).filter((one) => one.member === 1);
    const byPass = Map.groupBy(far, (one) => one.draw);
    for (const pass of byPass.values()) expect(new Set(pass.map(key)).size).toBe(pass.length);
    const [first] = far;
    expect(Math.abs(first!.draw - (0.3 * 32_000_000) / 40)).toBeLessThan(2);
    expect([...byPass.values()].some((pass) => pass.length === 40)).toBe(true);
  });

  it("is a pure function: asked in any order, alone or as ranks 0 to 7, the draws are the same and partition", () => {
    const all = draws(0, 64);
    const byRank = Array.from({ length: 8 }, (_, rank) => all.filter((_one, n) => n % 8 === rank));
    for (const rank of [5, 0, 7, 3, 1, 2, 6, 4])
      expect(Array.from({ length: 8 }, (_, at) => draw(1, mixture, at * 8 + rank))).toEqual(byRank[rank]);
  });

  it("obeys the seed (OpenTau 503)", () => {
    expect(draws(0, 40, 2).map(key)).not.toEqual(draws(0, 40, 1).map(key));
    expect(draws(0, 40, 1)).toEqual(draws(0, 40, 1));
  });

  it("obeys it both in the order of members and in the order of each one's frames", () => {
    // Members of one frame tell nothing but whose turn it is; a member alone nothing but which frame's.
    const turns = (seed: number) =>
      draws(0, 60, seed, [member("a", 0.5, 1), member("b", 0.5, 1)]).map((one) => one.member);
    const frames = (seed: number) => draws(0, 60, seed, [member("a", 1, 60)]).map((one) => one.frame);
    for (const of of [turns, frames]) expect(new Set([1, 2, 3].map((seed) => of(seed).join())).size).toBe(3);
  });

  it("orders a member's frames by chance, anew in each pass, and unlike a namesake of another name", () => {
    const alone = (name: string) => draws(0, 100, 1, [member(name, 1, 50)]).map((one) => one.frame);
    const frames = alone("a");
    expect(frames.slice(0, 50)).not.toEqual(frames.slice(50));
    expect(alone("b")).not.toEqual(frames);
    const rising = frames.slice(1).filter((frame, at) => frame > frames[at]!).length;
    expect(rising).toBeGreaterThan(30);
    expect(rising).toBeLessThan(70);
  });

  it("gives a point on the bound of two members to the second, and what shares leave of 1 to the last that has one", () => {
    const range = 2n ** 32n;
    // The inverse of the golden step: n · 0x9e3779b9 = 1 (mod 2³²), by Newton's iteration, which doubles the bits that hold.
    let inverse = 1n;
    for (let bits = 1; bits < 32; bits *= 2) inverse = (inverse * (2n - 0x9e3779b9n * inverse)) & (range - 1n);
    const offset = BigInt(stream(1, "mixture").word(0, 0, 0, 0));
    const positionOf = (point: bigint) => Number(((((point - offset + range) * inverse) % range) + range) % range);
    const halves = [member("a", 0.5, 5), member("b", 0.5, 5)];
    expect([2n ** 31n - 1n, 2n ** 31n].map((point) => draw(1, halves, positionOf(point)).member)).toEqual([0, 1]);
    // Shares that are a few 1e-7 short of 1 leave a thousand points at the end.
    const short = [member("a", 0.5, 5), member("b", 0.5 - 5e-7, 5), member("held out", 0, 5)];
    expect(draw(1, short, positionOf(range - 1n)).member).toBe(1);
  });

  it("never draws a member without a share, and refuses shares that do not add up or have no frames", () => {
    const some = [member("a", 1, 5), member("held out", 0, 5)];
    expect(draws(0, 50, 1, some).every((one) => one.member === 0)).toBe(true);
    expect(() => draw(1, [member("a", 0.5, 5)], 0)).toThrow(/add up to 1, got 0.5/);
    expect(() => draw(1, [member("a", 1)], 0)).toThrow(/expected frames in "a"/);
    expect(() => draw(1, mixture, -1)).toThrow(RangeError);
  });
});
