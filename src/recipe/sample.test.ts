import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Batch } from "../batch/batch.ts";
import { BatchMaker } from "../batch/maker.ts";
import { generate, generatedValue } from "../dataset/generated.ts";
import { letterbox } from "../embodiment/picture.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { expectClose } from "../graph/testing/close.ts";
import { type Mixture, openMixture } from "../mixture/mixture.ts";
import { mixtureOf } from "./mixture-of.ts";
import { layoutOf, loadPlanOf, planOf } from "./plan.ts";
import { type FileEntry, type FileMember, awkwardMembers as members } from "./testing/awkward-members.ts";
import { awkwardRecipe } from "./testing/awkward-recipe.ts";

const { policy } = awkwardRecipe;
const [steps, observations] = [policy.actionHorizon, policy.history.slots];
/** Steps of actions per second, and slots of history. */
const [stepsPerSecond, slotsPerSecond] = [6, 3];

/** An entry at a place between two frames, on the line between their values. */
function between(value: (frame: number) => number, position: number): number {
  const below = Math.floor(position + 1e-9);
  const share = position - below;
  return share < 1e-9 ? value(below) : value(below) * (1 - share) + value(below + 1) * share;
}

/** The frame nearest to a place; the even one where two are as near. */
function nearest(position: number): number {
  const below = Math.floor(position + 1e-9);
  const share = position - below;
  if (Math.abs(share - 0.5) < 1e-9) return below + (below % 2);
  return share < 0.5 ? below : below + 1;
}

function valuesOf({ description }: FileMember, [key, entry]: FileEntry, episode: number) {
  return generatedValue(description, key, entry, episode);
}

interface Place {
  readonly member: number;
  readonly episode: number;
  readonly frame: number;
}

/** What a dof learns at a step of the window of a frame, in the robot's own units; `null` past the episode's end. */
function actionAt({ member, episode, frame }: Place, slot: number, step: number): number | null {
  const own = members[member]!;
  const { framesPerSecond, episodeLengths } = own.description;
  const position = frame + (step * framesPerSecond) / stepsPerSecond;
  if (position > episodeLengths[episode]! - 1 + 1e-9) return null;
  const [entry, origin] = own.actions[slot]!;
  const value = valuesOf(own, entry, episode);
  // A claw is absolute, and as the nearer frame has it.
  return origin === null ? value(nearest(position)) : between(value, position) - valuesOf(own, origin, episode)(frame);
}

/** What stands in a slot of the state at a slot of history, the last of them now; `null` before the episode. */
function stateAt({ member, episode, frame }: Place, slot: number, observation: number): number | null {
  const own = members[member]!;
  const position = frame - ((observations - 1 - observation) * own.description.framesPerSecond) / slotsPerSecond;
  return position < -1e-9 ? null : between(valuesOf(own, own.states[slot]!, episode), position);
}

let cache = "";
let mixture: Mixture;
let maker: BatchMaker;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "armature-sample-"));
  const open = await openMixture(mixtureOf(awkwardRecipe));
  const plan = await planOf(awkwardRecipe, open, cache);
  ({ mixture } = plan);
  await open.close();
  maker = await BatchMaker.open(loadPlanOf(plan));
});
afterAll(async () => {
  await maker.close();
  await rm(cache, { recursive: true });
});

/** Every frame of the training episodes of a group. */
function taught(group: readonly number[]): Place[] {
  return group.flatMap((member) =>
    mixture.members[member]!.train.episodes.flatMap((episode) =>
      Array.from({ length: members[member]!.description.episodeLengths[episode]! }, (_, frame) => {
        return { member, episode, frame };
      }),
    ),
  );
}

/** Of some numbers, each less their mean and by their deviation, to which 10⁻⁶ is added. */
function unitOf(values: readonly (number | null)[]) {
  const all = values.filter((value) => value !== null);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const deviation = Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length);
  return (value: number) => (value - mean) / (deviation + 1e-6);
}

const single = { absolute: 2e-6, relative: 2e-6, because: "statistics in float64 by another sum, then float32" };

/** A batch of one frame early in an episode, one in its middle and one near its end. */
async function batchOf(member: number): Promise<{ places: Place[]; batch: Batch }> {
  const episode = mixture.members[member]!.validation.episodes[0]!;
  const length = members[member]!.description.episodeLengths[episode]!;
  const places = [1, Math.floor(length / 2), length - 2].map((frame) => ({ member, episode, frame }));
  const layout = layoutOf(awkwardRecipe, places.length);
  const draws = places.map((place) => ({ ...place, draw: 0 }));
  return { places, batch: await maker.make({ purpose: "validation", layout, draws }) };
}

describe.each([...members.keys()])(
  "a sample of member %i of the awkward mixture, worked out from the formulas",
  (member) => {
    const own = members[member]!;

    it("has in each slot of the action its own column, relative to the state of now, in the unit of its group", async () => {
      const { places, batch } = await batchOf(member);
      const wanted = new Float64Array(places.length * steps * policy.actionWidth);
      for (const slot of Object.keys(own.actions).map(Number)) {
        const unit = unitOf(
          taught(own.group).flatMap((place) => Array.from({ length: steps }, (_, step) => actionAt(place, slot, step))),
        );
        for (const [row, place] of places.entries())
          for (let step = 0; step < steps; step++) {
            const value = actionAt(place, slot, step);
            if (value !== null) wanted[(row * steps + step) * policy.actionWidth + slot] = unit(value);
          }
      }
      expect(wanted.some((value) => value !== 0)).toBe(member !== 0);
      batch.actions.read(({ cells }) => expectClose("actions", cells, wanted, single));
    });

    it("has in each slot of the state its own column at each slot of history, in the unit of its group", async () => {
      const { places, batch } = await batchOf(member);
      const wanted = new Float64Array(places.length * observations * policy.stateWidth);
      for (const slot of Object.keys(own.states).map(Number)) {
        const unit = unitOf(taught(own.group).map((place) => stateAt(place, slot, observations - 1)));
        for (const [row, place] of places.entries())
          for (let observation = 0; observation < observations; observation++) {
            const value = stateAt(place, slot, observation);
            if (value !== null) wanted[(row * observations + observation) * policy.stateWidth + slot] = unit(value);
          }
      }
      batch.state.read(({ cells }) => expectClose("state", cells, wanted, single));
    });

    it("has the instruction of its own frame, which is another one in the episode's second half", async () => {
      const { places, batch } = await batchOf(member);
      const { tasks, episodeLengths } = own.description;
      for (const [row, { episode, frame }] of places.entries()) {
        const isSecondHalf = 2 * frame >= episodeLengths[episode]!;
        const text = tasks[(episode + (isSecondHalf ? 1 : 0)) % tasks.length]!;
        const tokens = [1, ...[...text].map((letter) => 2 + letter.charCodeAt(0))];
        const padded = [...tokens, ...Array(policy.promptTokens - tokens.length).fill(0)];
        batch.prompt.read(({ cells }) =>
          expectSameBits("prompt", cells.subarray(row * policy.promptTokens, (row + 1) * policy.promptTokens), padded),
        );
      }
    });

    it("has in each view the picture of its own camera at the frame nearest to each slot of history", async () => {
      const { places, batch } = await batchOf(member);
      const dataset = generate(own.description);
      const bytes = 16 * 16 * 3;
      for (const [row, { episode, frame }] of places.entries())
        for (let observation = 0; observation < observations; observation++)
          for (const [view, key] of own.cameras.entries()) {
            const back = ((observations - 1 - observation) * own.description.framesPerSecond) / slotsPerSecond;
            const isSeen = key !== null && frame - back >= -1e-9;
            const seen = isSeen
              ? await dataset.picture(key, episode, nearest(frame - back), { height: 16, width: 16 })
              : null;
            const at = (row * observations + observation) * own.cameras.length + view;
            batch.images.read(({ cells }) =>
              expectSameBits(
                `row ${row}, slot ${observation}, view ${view}`,
                cells.subarray(at * bytes, (at + 1) * bytes),
                seen === null ? new Uint8Array(bytes) : letterbox(seen, 16).cells,
              ),
            );
          }
      await dataset.close();
    });
  },
);
