import { afterAll, beforeAll, expect, it } from "vitest";
import { cacheFolder } from "../../cache-folder.ts";
import { type OpenMixture, openMixture } from "../../mixture/mixture.ts";
import { mixtureOf } from "../../recipe/mixture-of.ts";
import { type Plan, planOf } from "../../recipe/plan.ts";
import { awkwardRecipe as recipe } from "../../recipe/testing/awkward-recipe.ts";
import { batchMap } from "./batch-map.ts";
import { computePadding, roomOf } from "./compute.ts";

let open: OpenMixture;
let plan: Plan;
beforeAll(async () => {
  open = await openMixture(mixtureOf(recipe));
  plan = await planOf(recipe, open, cacheFolder("statistics"));
});
afterAll(() => open.close());

it("marks the cells of each sample that exist, and counts the rows of its micro-batches that are none", async () => {
  const { samples, fields, fillerRows, members } = await batchMap(plan, 2);
  // Seven samples in micro-batches of three.
  expect([samples.length, fillerRows]).toEqual([7, 2]);
  const { actionHorizon, actionWidth } = recipe.policy;
  expect(fields.find(({ name }) => name === "actions")!.axes.map(({ size }) => size)).toEqual([
    actionHorizon,
    actionWidth,
  ]);
  for (const { member, episode, row, real } of samples) {
    const { embodiment, framesPerSecond } = plan.mixture.members[member]!;
    const length = open.datasets[member]!.episodes.find(({ index }) => index === episode)!.length;
    const isInside = (step: number) => row + (step * framesPerSecond) / 6 <= length - 1 + 1e-6;
    const slots = embodiment.dofs.map(({ slot }) => slot);
    const expected = Array.from({ length: actionHorizon * actionWidth }, (_, at) =>
      isInside(Math.floor(at / actionWidth)) && slots.includes(at % actionWidth) ? "1" : "0",
    );
    expect(real.actions, `member ${member}, episode ${episode}, row ${row}`).toBe(expected.join(""));
    expect(members[member]!.dofs.map((name) => (name === null ? "0" : "1")).join("")).toBe(
      Array.from({ length: actionWidth }, (_, slot) => (slots.includes(slot) ? "1" : "0")).join(""),
    );
  }
});

it("counts what is real by dataset and field", async () => {
  const { samples, shares } = await batchMap(plan, 0);
  expect(shares.reduce((sum, share) => sum + share.samples, 0)).toBe(7);
  for (const { member, fields } of shares) {
    const own = samples.filter((sample) => sample.member === member);
    let real = 0;
    for (const sample of own) for (const bit of sample.real.prompt!) real += bit === "1" ? 1 : 0;
    expect(fields.prompt).toEqual({ real, cells: own.length * recipe.policy.promptTokens });
  }
});

it("says what each dataset's samples pay for what they do not have", async () => {
  const { samples, shares, fields } = await batchMap(plan, 0);
  const draws = samples.map(({ row: frame, ...sample }) => ({ ...sample, frame }));
  const paid = computePadding(
    plan,
    draws,
    samples.map((sample) => roomOf(fields, sample)),
  );
  for (const { member, computePadding: share } of shares) {
    const own = paid.filter((_, at) => samples[at]!.member === member);
    expect(share).toBeCloseTo(own.reduce((sum, each) => sum + each, 0) / own.length, 12);
  }
  // A robot without a camera pays for that of another.
  const blind = shares.filter(({ fields: { images } }) => images!.real === 0);
  const seeing = shares.filter(({ fields: { images } }) => images!.real > 0);
  expect(blind.length * seeing.length).toBeGreaterThan(0);
  for (const { computePadding: own } of blind)
    for (const other of seeing) expect(own).toBeGreaterThan(other.computePadding);
});

it("pays less where rows are computed in shapes that fit", async () => {
  const fit: Plan = { ...plan, recipe: { ...recipe, batch: { ...recipe.batch, shapes: "fit" } } };
  const [one, other] = [await batchMap(plan, 0), await batchMap(fit, 0)];
  const whole = ({ shares }: typeof one) =>
    shares.reduce((sum, share) => sum + share.samples * share.computePadding, 0);
  expect(whole(other)).toBeLessThan(whole(one));
  for (const { computePadding: share } of other.shares) expect(share).toBeGreaterThanOrEqual(0);
});

it("refuses a step that the recipe does not have", async () => {
  await expect(batchMap(plan, 40)).rejects.toThrow("batch: expected a step from 0 to 39, got 40");
  await expect(batchMap(plan, -1)).rejects.toThrow("got -1");
  await expect(batchMap(plan, 0.5)).rejects.toThrow("got 0.5");
});
