import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readManifest, readWeights } from "../checkpoint/checkpoint.ts";
import { encodeManifest } from "../checkpoint/manifest.ts";
import { checkpointFolder } from "../checkpoint/store.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { InputError } from "../input-error.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import type { Recipe } from "../recipe/schema.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { checkStart, type Start } from "./begin.ts";
import { readEvents } from "./event-log.ts";
import type { ObserverKind } from "./observer.ts";
import { type MicroRun, trainMicroRun } from "./testing/micro-run.ts";
import { trainPolicy } from "./train.ts";
import { type TrainWatcher, unwatched } from "./watcher.ts";

/** What differs from a run of four steps that nobody watches. */
interface Change {
  readonly recipe?: Recipe;
  readonly start?: Start;
  readonly watcher?: Partial<TrainWatcher>;
}

/** A run goes on to its fourth step, or begins anew in another folder. */
async function goOn({ folder, recipe, cache }: MicroRun, change: Change) {
  const start = change.start ?? ({ kind: "resume" } as const);
  const own = start.kind === "resume" ? folder : `${folder}-again`;
  const request = { recipe: change.recipe ?? recipe, folder: own, start, until: 4, cache, world: await aloneWorld() };
  await trainPolicy(request, { ...unwatched, ...change.watcher });
  return await readEvents(own);
}

it("a run none of whose checkpoints is whole is not begun anew: each is named with what is wrong with it", async () => {
  const run = await trainMicroRun(awkwardRecipe, 3);
  const checkpoints = readdirSync(join(run.folder, "checkpoints")).map((name) => join(run.folder, "checkpoints", name));
  expect(checkpoints.length).toBeGreaterThan(1);
  for (const folder of checkpoints) rmSync(join(folder, "manifest.json"));
  const going = goOn(run, {});
  await expect(going).rejects.toThrow(`${run.folder}: expected a whole checkpoint, got ${checkpoints[0]}: `);
  await expect(going).rejects.toThrow(`; ${checkpoints[1]}: `);
  await run.remove();
});

it("a run does not go on with data that have other numbers than it began with, and names them", async () => {
  const run = await trainMicroRun(awkwardRecipe, 1);
  const folder = checkpointFolder(run.folder, 1);
  const manifest = await readManifest(folder);
  const [name, numbers] = Object.entries(manifest.statistics)[1]!;
  const other = { ...numbers, state: { ...numbers.state, count: numbers.state.count + 1 } };
  const statistics = { ...manifest.statistics, [name]: other };
  writeFileSync(join(folder, "manifest.json"), encodeManifest({ ...manifest, statistics }));
  await expect(goOn(run, {})).rejects.toThrow(
    `${folder}: expected the data that the run began with, got other numbers for "${name}"; put the data back`,
  );
  await run.remove();
});

it("a run that was stopped before its first step keeps the validation of its beginning, and repeats it never", async () => {
  const run = await trainMicroRun(awkwardRecipe, 1);
  const stopped = { isStopped: () => true };
  const events = await goOn(run, { start: { kind: "new" }, watcher: stopped });
  expect(events.map(({ kind, step }) => [kind, step])).toEqual([["validation", 0]]);
  const again = { ...run, folder: `${run.folder}-again` };
  expect(await goOn(again, { watcher: stopped })).toEqual(events);
  const whole = await goOn(again, {});
  expect(whole[0]).toEqual(events[0]);
  expect(whole.filter(({ kind, step }) => kind === "validation" && step === 0)).toHaveLength(1);
  await run.remove();
});

it("an observer sees the steps that are due, says what it saw, and ends training where it found a problem", async () => {
  const run = await trainMicroRun(awkwardRecipe, 1);
  const kind: ObserverKind = {
    key: "audit",
    open: async () => ({
      everySteps: 2,
      looksAtLast: false,
      look: async ({ step }) => ({
        events: [{ kind: "looked", step }],
        problem: step === 4 ? new InputError("the fourth step is one too many") : null,
      }),
      close: async () => {},
    }),
  };
  const recipe = { ...awkwardRecipe, audit: { ...awkwardRecipe.audit, everySteps: 2 } };
  const watched = { start: { kind: "new" }, recipe, watcher: { observers: [kind] } } as const;
  await expect(goOn(run, watched)).rejects.toThrow("the fourth step is one too many");
  const events = await readEvents(`${run.folder}-again`);
  expect(events.filter((event) => event.kind === "looked").map(({ step }) => step)).toEqual([2, 4]);
  await run.remove();
});

it("a run that begins with the weights of another has them at its step 0, and moments of nothing", async () => {
  const run = await trainMicroRun(awkwardRecipe, 1);
  const init = { kind: "init", from: run.folder, allowed: new Set<never>() } as const;
  await goOn(run, { start: init, watcher: { isStopped: () => true } });
  const weightsAt = async (folder: string) => readWeights(folder, await readManifest(folder));
  const [before, begun] = [
    await weightsAt(checkpointFolder(run.folder, 1)),
    await weightsAt(checkpointFolder(`${run.folder}-again`, 0)),
  ];
  expectSameBits("parameters", begun.parameters, before.parameters);
  for (const { cells } of begun.firstMoments.values()) expect(cells.every((cell) => cell === 0)).toBe(true);
  await run.remove();
});

it("whether a run can start is known from its folder alone, and nothing is written to find out", async () => {
  const place = mkdtempSync(join(tmpdir(), "armature-start-"));
  try {
    const init = { kind: "init", from: join(place, "nowhere"), allowed: new Set<never>() } as const;
    await checkStart(join(place, "new"), awkwardRecipe, { kind: "new" });
    await expect(checkStart(join(place, "new"), awkwardRecipe, init)).rejects.toThrow(join(place, "nowhere"));
    await expect(checkStart(join(place, "new"), awkwardRecipe, { kind: "resume" })).rejects.toThrow(InputError);
    expect(readdirSync(place)).toEqual([]);
    writeFileSync(join(place, "notes.txt"), "");
    await expect(checkStart(place, awkwardRecipe, { kind: "new" })).rejects.toThrow("got one with notes.txt");
  } finally {
    rmSync(place, { recursive: true });
  }
});
