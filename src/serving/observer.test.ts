import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aloneWorld } from "../ranks/open-world.ts";
import type { Recipe } from "../recipe/schema.ts";
import { readEvents } from "../training/event-log.ts";
import { trainPolicy } from "../training/train.ts";
import { unwatched } from "../training/watcher.ts";
import { rolloutObserver } from "./observer.ts";
import { rolloutChoices } from "./rollout-choice.ts";
import { reachingRecipe } from "./testing/reaching.ts";

const rollout: NonNullable<Recipe["rollout"]> = {
  everySteps: 2,
  robots: [{ name: "reacher", dataset: null }],
  episodes: 2,
  seed: 7,
  execute: null,
  delay: 0,
  sideBySide: 2,
};

describe("rollouts inside training", () => {
  let place = "";
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), "armature-step-rollouts-"));
  });
  afterAll(() => rm(place, { recursive: true }));

  async function trained(name: string, recipe: Recipe, isBrought = true, until = 3) {
    const folder = join(place, name);
    const request = {
      recipe,
      folder,
      start: { kind: "new" },
      until,
      cache: place,
      world: await aloneWorld(),
    } as const;
    const shown: string[] = [];
    const display = {
      rollingOut: (done: number, total: number) => void shown.push(`${done} of ${total}`),
      rolledOut: (step: number) => void shown.push(`step ${step}`),
    };
    const watcher = { ...unwatched, observers: isBrought ? [rolloutObserver(display)] : [] };
    const { state } = await trainPolicy(request, watcher);
    return { folder, state, shown, events: await readEvents(folder) };
  }

  it("are played every so many steps and after the last, and change no bit of the weights", async () => {
    const [with_, without] = [
      await trained("with", { ...reachingRecipe, rollout }),
      await trained("without", reachingRecipe),
    ];
    const kinds = with_.events.map(({ kind, step }) => `${kind} ${step}`);
    expect(kinds).toEqual(["step 1", "step 2", "rollout 2", "step 3", "rollout 3"]);
    expect(with_.shown).toEqual(["1 of 2", "2 of 2", "step 2", "1 of 2", "2 of 2", "step 3"]);
    // It has learned nothing in two steps: both episodes last the reacher's 60 steps. Wilson's bound of none of two: z² / (2 + z²).
    expect(with_.events[2]).toEqual({
      kind: "rollout",
      step: 2,
      robot: "reacher",
      dataset: "reaching",
      episodes: 2,
      successes: 0,
      successRate: 0,
      interval: [0, expect.closeTo(3.8415 / 5.8415, 4)],
      meanSteps: 60,
    });
    expect(with_.events.filter(({ kind }) => kind === "step")).toEqual(without.events);
    for (const file of ["parameters", "ema", "optimizer"]) {
      const read = (run: string) => readFile(join(run, "checkpoints/000003", `${file}.safetensors`));
      expect((await read(with_.folder)).equals(await read(without.folder))).toBe(true);
    }
  });

  it("are those that the recipe asks for: of each robot so many episodes of its seed, carried out so", () => {
    const robots = [
      { name: "reacher", dataset: "reaching" },
      { name: "pusher", dataset: null },
    ];
    const asked = { ...rollout, robots, seed: 11, execute: 3, delay: 2, episodes: 5, sideBySide: 4 };
    const found = rolloutChoices({ rollout: asked });
    expect(found.map(({ design, dataset }) => [design.name, dataset])).toEqual([
      ["reacher", "reaching"],
      ["pusher", null],
    ]);
    for (const choice of found) {
      expect(choice).toMatchObject({ seed: 11, execute: 3, delay: 2, episodes: 5, sideBySide: 4, films: null });
      const options = { ...choice.design.defaults, distractors: 2 };
      expect(choice.options(options)).toEqual(options);
    }
  });

  it("are of the averages where those are validated, not of the weights themselves", async () => {
    // A step of 1e20 leaves weights under which no action is a number, and averages that keep all but 1e-16 of what they were.
    const optimizer = {
      ...reachingRecipe.optimizer,
      schedule: "constant",
      warmup: 0,
      peak: 1e20,
      final: 1e20,
    } as const;
    const far = { ...reachingRecipe, rollout: { ...rollout, everySteps: 1 } };
    const averaged = { ...far, optimizer: { ...optimizer, ema: 1 - 2 ** -53 } };
    const of = (name: string, weights: "ema" | "parameters") =>
      trained(name, { ...averaged, validation: { ...averaged.validation, weights } }, true, 1);
    expect((await of("averages", "ema")).events.at(-1)).toMatchObject({ kind: "rollout", step: 1, meanSteps: 60 });
    await expect(of("themselves", "parameters")).rejects.toThrow("plain, step 1: expected finite actions");
  });

  it("are the same when they are played again", async () => {
    const again = await trained("again", { ...reachingRecipe, rollout });
    expect(again.events).toEqual(await readEvents(join(place, "with")));
  });

  it("are in the events of a run that was stopped and goes on those of one that never stopped", async () => {
    const recipe = { ...reachingRecipe, rollout };
    const folder = join(place, "stopped");
    const parts = { recipe, folder, cache: place, world: await aloneWorld() };
    const silent = { rollingOut: () => {}, rolledOut: () => {} };
    const watcher = { ...unwatched, observers: [rolloutObserver(silent)] };
    let steps = 0;
    const stopped = { ...watcher, stepped: () => void steps++, isStopped: () => steps === 2 };
    expect((await trainPolicy({ ...parts, start: { kind: "new" }, until: 3 }, stopped)).isInterrupted).toBe(true);
    await trainPolicy({ ...parts, start: { kind: "resume" }, until: 3 }, watcher);
    expect(await readEvents(folder)).toEqual(await readEvents(join(place, "with")));
  });

  it("are refused before the first step where a robot is unknown, does not fit, or nobody brings any", async () => {
    const asked = (name: string): Recipe => ({
      ...reachingRecipe,
      rollout: { ...rollout, robots: [{ name, dataset: null }] },
    });
    await expect(trained("unknown", asked("recher"))).rejects.toThrow('got "recher"; did you mean "reacher"?');
    await expect(trained("other-robot", asked("pusher"))).rejects.toThrow(
      'robot "pusher": the policy acts for no robot like it',
    );
    await expect(trained("nobody", asked("reacher"), false)).rejects.toThrow("rollout.everySteps: expected 0");
    for (const name of ["unknown", "other-robot", "nobody"]) expect(await readEvents(join(place, name))).toEqual([]);
  });
});
