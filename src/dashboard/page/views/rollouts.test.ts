import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadLibav } from "../../../dataset/libav.ts";
import { loadPolicy } from "../../../serving/load.ts";
import { type PolicyRollouts, rollOutPolicy } from "../../../serving/roll-out.ts";
import { createRobot, findRobot } from "../../../simulation/robots.ts";
import { trainReaching } from "../../testing/reaching-run.ts";
import { chromiumPath, keepPicture, seriousProblems, skippedWithoutChromium } from "../testing/browser.ts";
import { overflow, type WatchedDashboard, watchDashboard } from "../testing/watched.ts";

const reacher = findRobot("reacher");
const hasFilms = (await loadLibav()) !== null;
let root = "";
let run = "";
let commanded: PolicyRollouts;
let watched: WatchedDashboard;
beforeAll(async () => {
  if (chromiumPath === null) return;
  root = await mkdtemp(join(tmpdir(), "armature-rollouts-view-"));
  run = await trainReaching(root);
  const choice = { dataset: null, execute: null, delay: 0, sideBySide: 32, films: null };
  const request = { ...choice, run, design: reacher, options: (fitting: typeof reacher.defaults) => fitting };
  commanded = await rollOutPolicy(
    { ...request, episodes: 20, seed: 1000 },
    { finished: () => {}, isStopped: () => false },
  );
  await mkdir(join(root, "untrained"));
  await writeFile(join(root, "untrained/events.jsonl"), `${JSON.stringify(logged)}\n`);
  watched = await watchDashboard([root]);
  // Four seconds of a processor, for which others may queue.
}, 240_000);
afterAll(async () => {
  if (chromiumPath === null) return;
  await watched.close();
  await rm(root, { recursive: true });
});

const opened = "/rollouts?run=run&live=yes";

/** 3 of 4 of a robot that rolled out while it trained. */
const logged = {
  ...{ kind: "rollout", step: 12, robot: "pusher", dataset: "pushing", episodes: 4, successes: 3 },
  ...{ successRate: 0.75, interval: [0.301, 0.954], meanSteps: 61.5 },
};

async function whenLive(page: Page): Promise<void> {
  await page.getByText("Start 0 of seed 1000, step 0").waitFor();
}

/** Numbers as they are, not as they are written. */
async function numbersIn(page: Page, label: string): Promise<number[][]> {
  const rows = await page.getByRole("region", { name: label }).locator("tbody tr").all();
  return await Promise.all(
    rows.map(async (row) => {
      const cells = await row.locator("td").all();
      return await Promise.all(cells.map(async (cell) => Number(await cell.locator("span").getAttribute("title"))));
    }),
  );
}

describe.skipIf(chromiumPath === null)(`the view of rollouts${skippedWithoutChromium}`, () => {
  it("gives in the page the actions of the command line within 1e-4", async () => {
    const { page, faults } = await watched.page(opened);
    await whenLive(page);
    await page.getByRole("button", { name: "One step" }).click();
    await page.getByText("Start 0 of seed 1000, step 1").waitFor();
    await page.getByText("Numbers").click();
    const policy = await loadPolicy(run, { robots: 1, machine: "as trained" });
    const robot = await createRobot(reacher, { ...reacher.defaults, observation: "state" });
    robot.reset(1000, 0);
    const noise = { seed: 1000, episode: 0, frame: 0, draw: 0 };
    const observations = [{ state: robot.observeState().state, pictures: {} }] as const;
    const [{ actions }] = await policy.act([{ robot: policy.robots[0]!, observations, prompt: "reach", noise }]);
    const shown = await numbersIn(page, "Actions of the chunk");
    expect(shown.length).toBe(8);
    const differences = shown.flatMap((row, step) => row.map((value, dof) => Math.abs(value - actions[step]![dof]!)));
    expect(Math.max(...differences)).toBeLessThan(1e-4);
    // The same action leads to the same state, in WebAssembly here and there.
    robot.act(shown[0]!);
    expect(await numbersIn(page, "State now")).toEqual([[...robot.observeState().state]]);
    robot.close();
    policy.release();
    expect(faults).toEqual([]);
    await page.close();
  });

  it("plays in the page the starts of the command line, and each ends as there", async () => {
    const { page } = await watched.page(opened);
    await whenLive(page);
    await page.getByRole("button", { name: "Play 20 starts of seed 1000" }).click();
    await page.getByText(`${commanded.successes} of 20 succeeded`).waitFor();
    expect(await page.getByRole("list", { name: "Starts" }).locator("li").allTextContents()).toEqual(
      commanded.rollouts.map(({ isSuccess, steps }) => `${isSuccess ? "reached" : "not reached"}, ${steps} steps`),
    );
    // What always fails, or never, would show little.
    expect(commanded.successes).toBeGreaterThan(0);
    await page.close();
  });

  it("lets the target be dragged in a picture and moved by keys, and acts in real time", async () => {
    const { page } = await watched.page(opened);
    await whenLive(page);
    const picture = page.getByRole("img", { name: /^camera top: reacher, told to/ });
    const box = (await picture.boundingBox())!;
    await page.mouse.move(box.x + 0.4 * box.width, box.y + 0.4 * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.7 * box.width, box.y + 0.25 * box.height);
    await page.mouse.up();
    // 0.8 m above the table a camera of 36° sees 0.5199 m of it: 0.2 and 0.25 of that.
    const x = page.getByRole("slider", { name: "Target x" });
    const y = page.getByRole("slider", { name: "Target y" });
    await page.getByText("13.0 cm").waitFor();
    expect(await x.getAttribute("aria-valuetext")).toBe("10.4 cm");
    await y.focus();
    await page.keyboard.press("ArrowDown");
    await page.getByText("12.5 cm").waitFor();
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.getByText(/Start 0 of seed 1000, step ([3-9]|\d\d)/).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "New start" }).click();
    await page.getByText("Start 1 of seed 1000, step 0").waitFor();
    await page.getByRole("spinbutton", { name: "Seed" }).fill("7");
    await page.keyboard.press("Enter");
    await page.getByText("Start 0 of seed 7, step 0").waitFor();
    await page.waitForURL(/seed=7/);
    await page.close();
  });

  it("rolls out where the dashboard runs, as the command does, and shows films of it", async () => {
    const { page } = await watched.page("/rollouts?run=run");
    await page.getByText("Nothing rolled out yet.").waitFor();
    await page.getByRole("button", { name: "Roll out 20 starts" }).click();
    const row = page.getByRole("row", { name: /^reacher/ });
    await row.waitFor();
    const share = (value: number) => `${Math.round(1000 * value) / 10} %`;
    const { successRate, interval, meanSteps } = commanded.score!;
    expect(await row.locator(".rate-text").textContent()).toBe(
      `${share(successRate)} (${share(interval[0])} to ${share(interval[1])})`,
    );
    expect((await row.locator("td").allTextContents()).slice(2)).toEqual(["20", String(meanSteps), "200"]);
    if (hasFilms) {
      const [first] = commanded.rollouts;
      const caption = `reacher, start 0: ${first!.isSuccess ? "reached" : "not reached"}, ${first!.steps} steps`;
      const film = page.getByLabel(caption);
      await film.waitFor();
      // One picture of each step, and one of the end, at ten in a second.
      await expect
        .poll(() => film.evaluate((video: HTMLVideoElement) => video.duration))
        .toBeCloseTo((first!.steps + 1) / 10, 1);
    }
    await page.close();
  });

  it("shows what a run has logged where it has no checkpoint, and says so", async () => {
    const { page } = await watched.page("/rollouts?run=untrained");
    const row = page.getByRole("row", { name: /^pusher of pushing/ });
    await row.waitFor();
    expect(await row.locator("td").allTextContents()).toEqual([
      ...["while it trained", "75 % (30.1 % to 95.4 %)", "4", "61.5", "12"],
    ]);
    await page.getByText("expected a run with a checkpoint, got none").waitFor();
    await page.close();
  });

  it("loads neither physics nor runtime nor policy until the robot is to act in the page", async () => {
    const { page } = await watched.page("/training?run=run");
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.getByRole("link", { name: "Rollouts" }).click();
    const button = page.getByRole("button", { name: "Let it act in this page" });
    await button.waitFor();
    const heavy = () => asked.filter((path) => /^\/worker\/|\.wasm$|\/program$/.test(path));
    expect(heavy()).toEqual([]);
    await button.click();
    await whenLive(page);
    expect(
      heavy()
        .map((path) => path.replace(/-[\w-]{8}\./, "."))
        .sort(),
    ).toEqual([
      "/api/runs/run/rollouts/0/program",
      "/assets/ort-wasm-simd-threaded.wasm",
      "/mujoco/mujoco.wasm",
      "/worker/worker.js",
    ]);
    await page.close();
  });

  it("keeps nobody out: in light and dark, on a narrow screen", async () => {
    for (const look of [{}, { theme: "dark" }, { width: 390 }] as const) {
      const { page } = await watched.page(opened, look);
      await whenLive(page);
      if (!("theme" in look || "width" in look)) {
        await page.getByRole("button", { name: "Roll out 20 starts" }).click();
        await page.getByRole("row", { name: /^reacher/ }).waitFor();
        await page.getByRole("button", { name: "Play 20 starts" }).click();
        await page.getByText(" of 20 succeeded").waitFor();
        for (let step = 0; step < 6; step++) await page.getByRole("button", { name: "One step" }).click();
        await page.getByText("step 6").waitFor();
        await keepPicture(page, "dashboard-rollouts");
      }
      expect(await seriousProblems(page)).toEqual([]);
      expect(await overflow(page)).toBe(0);
      await page.close();
    }
  });
});
