import { expect, it } from "vitest";
import { story } from "../dashboard/testing/story.ts";
import { demoPage } from "./demo-page.ts";

const page = demoPage(story);

/** The words of the line that begins with others, where two blanks or more part them. */
const lines = (start: RegExp) =>
  page
    .split("\n")
    .filter((line) => start.test(line))
    .map((line) => line.trim().split(/\s{2,}/));

it("says of each robot how it did before training, then how after, and the steps of the trained policy", () => {
  const from = page.indexOf("successes in closed loop over 8 new starts each");
  expect(from).toBeGreaterThan(0);
  const rows = page
    .slice(from)
    .split("\n")
    .filter((line) => /^(reacher|pusher) /.test(line))
    .map((line) => line.split(/\s{2,}/));
  expect(rows).toEqual([
    ["reacher", "joint", "2", "12.5 % (6.3–56.3)", "87.5 % (43.8–93.8)", "14.3"],
    ["pusher", "joint", "2", "0 % (0–50)", "62.5 % (31.3–81.3)", "61.8"],
  ]);
});

it("says each dataset's held-out loss before training, after it, and the change", () => {
  expect(lines(/0\.(4444|5555|5000|4999)/)).toEqual([
    ["reacher", "joint", "30", "3.1111", "0.4444", "−86 %"],
    ["pusher", "joint", "31", "2.2222", "0.5555", "−75 %"],
    ["mixture", "61", "2.6666", expect.stringMatching(/^0\.(4999|5000)$/), "−81 %"],
  ]);
});

it("says what was recorded, what learned from it, and where the time went", () => {
  expect(page).toMatch(/^One policy, 2 robots: 1,234 weights, 40 steps of 8 samples, 0:46 in all$/m);
  expect(page).toContain("frames of 20 recorded episodes each: reacher 345, pusher 678");
  expect(page).toContain("time: record 0:12 · train 0:34");
});
