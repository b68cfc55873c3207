import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { brief } from "../dashboard/page/chart/number.ts";
import { chromiumPath, seriousProblems, skippedWithoutChromium } from "../dashboard/page/testing/browser.ts";
import { watchDashboard } from "../dashboard/page/testing/watched.ts";
import type { Dataset, Picture } from "../dataset/dataset.ts";
import { loadLibav } from "../dataset/libav.ts";
import { openDataset } from "../dataset/read/open.ts";
import { openPictureReader } from "../dataset/read/video.ts";
import { wholeClip } from "../dataset/testing/film.ts";
import { sideBySide } from "../simulation/film.ts";
import { createRobot, findRobot } from "../simulation/robots.ts";
import type { Definition } from "./definition.ts";
import { demo } from "./demo.ts";
import { rollout } from "./rollout.ts";
import { called } from "./testing/called.ts";
import { validate } from "./validate.ts";

const hasLibav = (await loadLibav()) !== null;
const commands: readonly Definition[] = [demo, validate, rollout];
let place = "";
let report = "";
let printed = "";
let shown = "";

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "armature-demo-"));
  const small = ["--steps", "8", "--episodes", "5", "--starts", "1"];
  const { status, out, err } = await armature("demo", "--out", join(place, "demo"), ...small, "--json");
  if (status !== 0) throw new Error(err);
  printed = out;
  shown = err;
  report = await readFile(found().report, "utf8");
  // Ten threads start and six programs are compiled, one after another.
}, 240_000);
afterAll(() => rm(place, { recursive: true }));

/** What the demo printed for programs. */
const found = () => JSON.parse(printed);

/** What the report's document holds. */
const reported = () => JSON.parse(/<script id="report" type="application\/json">(.*?)<\/script>/s.exec(report)![1]!);

/** What the demo recorded of a robot. */
function openRecorded(robot: string): Promise<Dataset> {
  const choice = { name: robot, episodes: "all", taskAnnotation: "none", pictureMemoryBytes: 0 } as const;
  return openDataset(join(place, "demo/data", robot), choice);
}

/** The first frames of a film. */
async function filmed(path: string, frames: number): Promise<Picture[]> {
  const reader = await openPictureReader();
  const clip = await wholeClip(path);
  const fit = { height: 4096, width: 4096 };
  const shown: Picture[] = [];
  for (let frame = 0; frame < frames; frame++)
    shown.push(await reader.frame({ clip, frame, fit, passing: null, depth: null }));
  reader.close();
  return shown;
}

/** The mean difference of two pictures' bytes. */
function apart(one: Picture, other: Picture): number {
  return one.cells.reduce((sum, cell, at) => sum + Math.abs(cell - other.cells[at]!), 0) / one.cells.length;
}

const armature = (...words: string[]) => called(commands, words);

describe("demo", () => {
  it("says of held-out episodes what validate says of its run, to the bit", async () => {
    const { out } = await armature("validate", found().run, "--action-samples", "0", "--json");
    const { groups, aggregate, step } = JSON.parse(out);
    expect(step).toBe(8);
    expect(found().validation.groups).toEqual(groups);
    expect(found().validation.aggregate).toEqual(aggregate);
    expect(groups.map(({ dataset, controlMode }: Record<string, string>) => `${dataset} ${controlMode}`)).toEqual([
      ...["reacher joint", "pusher ee", "arm joint"],
    ]);
    expect(found().initialValidation.aggregate.loss).toBeGreaterThan(found().validation.aggregate.loss);
  });

  it("says of closed loop what rollout says of the same starts", async () => {
    const options = ["--set", "distractors=0", "--set", "imageSize=160"];
    const films = hasLibav ? ["--video", join(place, "demo/again"), "--filmed", "1"] : [];
    const words = ["--robot", "reacher", "--episodes", "1", ...options, ...films, "--json"];
    const { out } = await armature("rollout", found().run, ...words);
    const { successes, successRate, interval, meanSteps } = JSON.parse(out);
    expect(found().rollouts[0]).toMatchObject({
      robot: "reacher",
      episodes: 1,
      successes,
      successRate,
      interval,
      meanSteps,
    });
    expect(found().rollouts.map(({ untrained }: { untrained: { successes: number } }) => untrained.successes)).toEqual([
      ...[0, 0, 0],
    ]);
  });

  it.skipIf(!hasLibav)("lets the trained policy begin where no recording began, and films it", async () => {
    for (const name of ["reacher", "pusher", "arm"]) {
      const design = findRobot(name);
      const robot = await createRobot(design, {
        ...design.defaults,
        observation: "state",
        imageSize: 160,
        distractors: 0,
      });
      // What the recordings hold at their first frames, and how it looks there.
      const dataset = await openRecorded(name);
      const [first] = await filmed(join(place, "demo/films/trained", `${name}-000.mp4`), 1);
      const fromFilm = () => apart(first!, sideBySide([...robot.show().values()]));
      robot.reset(1000, 0);
      // A film is lossy.
      const own = fromFilm();
      expect(own).toBeLessThan(1);
      for (const { index } of dataset.episodes) {
        const states = (await dataset.table(index)).vector("observation.state");
        robot.reset(0, index);
        expect([...states.cells.subarray(0, states.shape[1])]).toEqual(
          [...robot.observeState().state].map(Math.fround),
        );
        expect(fromFilm()).toBeGreaterThan(2 * own);
      }
      await dataset.close();
      robot.close();
    }
  });

  it("says at each bar how many starts have succeeded so far", () => {
    // After eight steps no policy of these succeeds at its one start.
    for (const { robot, successes } of found().rollouts) {
      expect(successes).toBe(0);
      for (const label of ["untrained", "trained"])
        expect(shown).toMatch(new RegExp(`roll out ${robot}, ${label} .*successes 0`));
    }
  });

  it.skipIf(!hasLibav)("counts what it recorded and what it learns", async () => {
    for (const { robot, episodes, frames } of found().recordings) {
      const dataset = await openRecorded(robot);
      expect([episodes, frames]).toEqual([5, dataset.episodes.reduce((sum, { length }) => sum + length, 0)]);
      await dataset.close();
    }
    const { parameters } = JSON.parse(await readFile(join(found().run, "checkpoints/000008/manifest.json"), "utf8"));
    const shapes = Object.values<{ readonly shape: readonly number[] }>(parameters).map(({ shape }) => shape);
    const weights = shapes.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);
    expect(reported().weights).toBe(weights);
  });

  it("finds nothing that leaks, and says what the padding of this mixture is", () => {
    expect(found().audit.clean).toBe(true);
    const present = found().audit.rows.filter(({ cells }: { cells: number }) => cells > 0);
    expect(present.map(({ padding }: { padding: string }) => padding)).toEqual(
      expect.arrayContaining(["action-dims", "action-steps", "state-dims"]),
    );
  });

  it("tells where the time went", () => {
    const names = found().phases.map(({ name }: { name: string }) => name);
    expect(names).toEqual(["record", "roll out", "train", "audit", "roll out again"]);
    const sum = found().phases.reduce((seconds: number, phase: { seconds: number }) => seconds + phase.seconds, 0);
    expect(found().seconds).toBeGreaterThanOrEqual(sum);
    expect(found().seconds).toBeLessThan(sum + 1);
    for (const label of [
      "record reacher, pusher, arm",
      "roll out arm, untrained",
      "train",
      "audit",
      "roll out arm, trained",
    ])
      expect(shown).toContain(`\n${label}  `);
  });
});

describe("the demo's report", () => {
  it("holds the numbers of the object", () => {
    const { log, robots, audit, batch } = reported();
    expect(log.validations.at(-1).groups).toMatchObject(
      found().validation.groups.map(({ dataset, velocity }: { dataset: string; velocity: number }) => {
        return { dataset, velocity };
      }),
    );
    expect(log.steps.step).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(
      robots.map(({ name, trained }: { name: string; trained: { score: object } }) => [name, trained.score]),
    ).toEqual(
      found().rollouts.map(({ robot, successRate, interval, meanSteps }: Record<string, number>) => {
        return [robot, { successRate, interval, meanSteps }];
      }),
    );
    expect(audit.rows).toEqual(found().audit.rows);
    expect(batch.samples).toHaveLength(reported().batchSize);
  });

  it("opens without any other file or host", () => {
    // What its script does is seen in `report.test.ts` by a browser, which the policy keeps from everything else.
    const bare = report.replaceAll(/<(script|style)\b[^>]*>.*?<\/\1>/gs, "");
    expect(bare).toContain("default-src 'none'");
    expect(bare).not.toMatch(/https?:|\b(?:src|href)=/);
    expect(report).not.toMatch(/<(?:script|link)[^>]*\b(?:src|href)=/);
  });

  it.skipIf(!hasLibav)("shows the first start of each robot before and after, in this order", async () => {
    const films = reported().robots.flatMap(({ untrained, trained }: Record<string, { films: { mp4: string }[] }>) =>
      [...untrained!.films, ...trained!.films].map(({ mp4 }) => Buffer.from(mp4, "base64")),
    );
    expect(films).toHaveLength(3 * (1 + 1));
    const files = ["reacher", "pusher", "arm"].flatMap((robot) =>
      ["untrained", "trained"].map((label) => join(place, "demo/films", label, `${robot}-000.mp4`)),
    );
    const bytes = await Promise.all(files.map((file) => readFile(file)));
    expect(films.map((film: Buffer, at: number) => film.equals(bytes[at]!))).toEqual(Array(6).fill(true));
    // What the run's checkpoint does now is what the second film of the robot shows.
    expect(films[1]!.equals(await readFile(join(place, "demo/again/reacher-000.mp4")))).toBe(true);
    expect(films[0]!.equals(films[1]!)).toBe(false);
  });
});

/** Entries of a vector at a row of what the demo recorded of a robot. */
async function recorded(robot: string, vector: string, episode: number, row: number): Promise<number[]> {
  const dataset = await openRecorded(robot);
  const { cells, shape } = (await dataset.table(episode)).vector(vector);
  await dataset.close();
  const [, width = 0] = shape;
  return [...cells.subarray(row * width, (row + 1) * width)];
}

it.skipIf(chromiumPath === null)(
  `shows in each view of the dashboard what it did${skippedWithoutChromium}`,
  async () => {
    const watched = await watchDashboard([join(place, "demo")]);
    const { page, faults } = await watched.page("/training?run=run&smooth=0");
    const heldOut = page.locator("figure.chart", {
      has: page.getByRole("heading", { name: "Held-out loss", exact: true }),
    });
    await heldOut.locator(".legend").getByText(brief(found().validation.aggregate.loss), { exact: true }).waitFor();
    expect(await seriousProblems(page)).toEqual([]);

    await page.goto(`${watched.url}/data?run=run&data=1&episode=2&row=5`);
    await page.locator(".action-text").first().waitFor();
    const pushed = await recorded("pusher", "action", 2, 5);
    const shown = await page.locator(".action-text").allTextContents();
    expect(shown.filter((text) => text !== "")).toEqual(pushed.map(brief));
    expect(await seriousProblems(page)).toEqual([]);

    // A reacher has four of 13 slots of the state, two of seven of an action; steps past its episode's end are padding as well.
    await page.goto(`${watched.url}/padding?run=run&step=3`);
    const shares = page.getByRole("row", { name: /^reacher/ }).locator("td");
    await shares.first().waitFor();
    const [, state = "", , actions = ""] = await shares.allTextContents();
    expect(Number.parseFloat(state)).toBeCloseTo((100 * 9) / 13, 1);
    expect(Number.parseFloat(actions)).toBeGreaterThanOrEqual(71.4);
    expect(await seriousProblems(page)).toEqual([]);

    await page.goto(`${watched.url}/policy?run=run&data=2&episode=1&row=4`);
    await page.getByText("predicted at row 4, 8 noises").waitFor();
    const placed = await recorded("arm", "action", 1, 4);
    expect(await page.locator(".only-value").allTextContents()).toEqual(placed.map(brief));
    const errors = await (
      await page.request.get(`${watched.url}/api/runs/run/policy/2/episodes/1/errors?rows=16&draws=4`)
    ).json();
    const gripper = page.getByRole("row", { name: /^gripper/ });
    expect(await gripper.locator("td").first().textContent()).toBe(brief(errors.dofs[6].error));
    expect(await seriousProblems(page)).toEqual([]);
    expect(faults).toEqual([]);
    await watched.close();
  },
);

it("needs an episode to train on and one to hold out", async () => {
  const { status, err } = await armature("demo", "--out", join(place, "one"), "--episodes", "1");
  expect([status, err]).toEqual([2, "--episodes: expected 2 or more, some of which are held out, got 1\n"]);
  expect(existsSync(join(place, "one"))).toBe(false);
});

describe("the folder of a demo", () => {
  it("is never written over", async () => {
    await writeFile(join(place, "notes.txt"), "mine");
    const { status, err } = await armature("demo", "--out", place);
    expect(status).toBe(2);
    expect(err).toBe(
      `${place}: expected a new or empty folder, got one with demo, notes.txt; choose another with --out\n`,
    );
  });

  it.skipIf(!existsSync("/proc/self"))("is refused where there can be none, before any work", async () => {
    const { status, err } = await armature("demo", "--out", "/proc/armature/demo");
    expect(status).toBe(2);
    expect(err).toMatch(/^\/proc\/armature\/demo: expected a folder that can be written, got .*; choose another/);
  });
});
