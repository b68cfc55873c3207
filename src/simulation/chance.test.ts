import { expect, it } from "vitest";
import { Chance } from "./chance.ts";

it("a draw follows from seed, robot, episode and name, whatever else is drawn", () => {
  const [one, other] = [new Chance(1, "arm", 4), new Chance(1, "arm", 4)];
  other.between("x", 0, 1);
  expect(other.between("y", 0, 1)).toBe(one.between("y", 0, 1));
  const draws = [new Chance(2, "arm", 4), new Chance(1, "leg", 4), new Chance(1, "arm", 5)].map((chance) =>
    chance.between("y", 0, 1),
  );
  expect(new Set([one.between("y", 0, 1), one.between("x", 0, 1), ...draws]).size).toBe(5);
});

it("draws lie evenly within their range", () => {
  const drawn = Array.from({ length: 2000 }, (_, episode) => new Chance(0, "arm", episode).between("x", -2, 4));
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(-2);
  expect(Math.max(...drawn)).toBeLessThan(4);
  // Six standard errors of the mean of 2,000 even draws from a range of 6.
  expect(Math.abs(drawn.reduce((sum, value) => sum + value, 0) / 2000 - 1)).toBeLessThan(6 * Math.sqrt(3 / 2000));
});

it("several are picked without repeats, each as likely in every place", () => {
  const counts = { a: 0, b: 0, c: 0 };
  for (let episode = 0; episode < 900; episode++) {
    const [first, second, ...rest] = new Chance(0, "arm", episode).pickSeveral("colour", ["a", "b", "c"] as const, 2);
    expect([second === first, rest]).toEqual([false, []]);
    counts[first!]++;
  }
  // Five standard deviations of a count of 900 draws at a third.
  for (const count of Object.values(counts)) expect(Math.abs(count - 300)).toBeLessThan(5 * Math.sqrt(200));
});

it("draws that go together are drawn anew, all of them, where the first ones leave no room for the last", () => {
  // Three of five places, no two of them neighbours: 0, 2 and 4 alone. Whoever begins at 1 or 3 has to begin anew.
  for (let episode = 0; episode < 20; episode++) {
    const chance = new Chance(0, "arm", episode);
    const drawn = chance.arrange(
      3,
      (at, attempt) => Math.floor(chance.between(`place ${at} ${attempt}`, 0, 5)),
      (next, before) => before.every((other) => Math.abs(other - next) > 1),
    );
    expect(drawn.toSorted()).toEqual([0, 2, 4]);
  }
});

it("where no draw will do it says so", () => {
  const chance = new Chance(0, "arm", 0);
  expect(() =>
    chance.until(
      (attempt) => attempt,
      () => false,
    ),
  ).toThrow("none of 100000 draws");
});
