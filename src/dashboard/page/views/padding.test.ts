import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasRealData, onRealData, realDataset } from "../../../dataset/testing/real-data.ts";
import { asFound } from "../../../embodiment/mapping.ts";
import type { RecipeDataset } from "../../../recipe/schema.ts";
import { plainRecipe } from "../../../recipe/testing/awkward-recipe.ts";
import { craneRecipe } from "../../../recipe/testing/cranes.ts";
import { type MicroRun, trainMicroRun } from "../../../training/testing/micro-run.ts";
import { chromiumPath, keepPicture, seriousProblems, skippedWithoutChromium } from "../testing/browser.ts";
import { overflow, type WatchedDashboard, watchDashboard } from "../testing/watched.ts";

let run: MicroRun;
let watched: WatchedDashboard;
beforeAll(async () => {
  if (chromiumPath === null) return;
  run = await trainMicroRun(craneRecipe, 1);
  watched = await watchDashboard([run.folder]);
});
afterAll(async () => {
  if (chromiumPath === null) return;
  await watched.close();
  await run.remove();
});

const { actionHorizon, actionWidth } = craneRecipe.policy;

describe.skipIf(chromiumPath === null)(`the view of padding${skippedWithoutChromium}`, () => {
  it("shows each sample of a batch with what is real of it, in the place of its dofs", async () => {
    const { page, faults } = await watched.page("/padding?run=run&step=3");
    await page.locator(".sample").first().waitFor();
    expect(await page.locator(".sample").count()).toBe(craneRecipe.batch.size);
    // A crane has its turn, lift and claw in slots 2, 4 and 0 of eight, and steps as long as its episode.
    const { samples, members } = await (await page.request.get(`${watched.url}/api/runs/run/padding/3`)).json();
    const at = samples.findIndex((sample: { member: number }) => members[sample.member].dataset === "north");
    const { episode, row } = samples[at];
    const steps = Math.min(actionHorizon, [9, 12, 10, 11][episode]! - row);
    await page.locator(".sample").nth(at).click();
    await page.waitForURL(new RegExp(`sample=${at}`));
    await page.getByRole("heading", { name: `Sample ${at}: north · joint, episode ${episode}, row ${row}` }).waitFor();
    const said = `actions: ${3 * steps} of ${actionHorizon * actionWidth} cells are real; step 0 to step ${steps - 1}; claw, turn, lift`;
    await page.getByText(`${said}.`).waitFor();
    await page.getByRole("img", { name: said }).first().waitFor();
    expect(await page.locator(".large-sample .row-names").last().locator("li").allTextContents()).toEqual([
      ...["claw", "–", "turn", "–", "lift", "–", "–", "–"],
    ]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("says by dataset and field how much is padding", async () => {
    const { page } = await watched.page("/padding?run=run&step=0");
    const cart = page.getByRole("row", { name: /cart/ });
    // A cart has two of eight state slots in each of the observation slots that lie in its episode.
    const { shares, members } = await (await page.request.get(`${watched.url}/api/runs/run/padding/0`)).json();
    const own = shares.find((share: { member: number }) => members[share.member].dataset === "cart");
    const share = (100 * (own.fields.state.cells - own.fields.state.real)) / own.fields.state.cells;
    expect(await cart.locator("td").first().textContent()).toBe(String(own.samples));
    expect(await cart.textContent()).toContain(`${share.toFixed(1)} %`);
    expect(share).toBeGreaterThanOrEqual(75);
    await page.close();
  });

  it("goes to the next batch, and says where there is none", async () => {
    const { page } = await watched.page("/padding?run=run&step=38");
    await page.locator(".sample").first().waitFor();
    await page.getByRole("button", { name: "Next batch" }).click();
    await page.getByText("Step 39 of 40").waitFor();
    await page.getByRole("button", { name: "Next batch" }).click();
    await page.getByText("batch: expected a step from 0 to 39, got 40").waitFor();
    await page.close();
  });

  it("names the place of a leak that the audit found", async () => {
    const { page } = await watched.page("/padding?run=run");
    await page.getByText("Training did not look").waitFor();
    const leaks = ["views reach loss at batch/collate.ts: images"];
    const log = (event: object) => appendFile(join(run.folder, "events.jsonl"), `${JSON.stringify(event)}\n`);
    // A run of an older version logs words alone.
    await log({ kind: "audit", step: 1, clean: false, leaks });
    await page.reload();
    await page.getByText("step 1: views reach loss at batch/collate.ts: images").waitFor();
    const table = page.getByRole("region", { name: "Audit by kind of padding" });
    expect(await table.count()).toBe(0);
    const clean = { gradients: "clean", actions: "clean", metrics: "clean", hint: "known" };
    const loss = { leak: 0.34921, where: "batch/collate.ts: images", isServed: false };
    const rows = [
      { padding: "views", cells: 12, loss, ...clean },
      { padding: "subgoals", cells: 0, loss: "absent", gradients: "absent", actions: "absent", metrics: "absent" },
    ];
    const laws = { poison: loss, order: "clean" };
    await log({
      kind: "audit",
      step: 2,
      clean: false,
      leaks,
      laws,
      rows: rows.map((row) => ({ hint: "known", ...row })),
    });
    await page.reload();
    await page.getByRole("heading", { name: "By kind of padding, at step 2" }).waitFor();
    expect(await table.locator("tbody tr").locator("th, td").allTextContents()).toEqual([
      ...["views", "12", "✗ 0.349 at batch/collate.ts: images", "clean", "clean", "clean", "known"],
    ]);
    await page.getByText("Laws: poison ✗ order ✓").waitFor();
    await page.getByText("Not in these batches: subgoals.").waitFor();
    await page.close();
  });

  it("keeps nobody out: in light and dark, on a narrow screen", async () => {
    for (const look of [{}, { theme: "dark" }, { width: 390 }] as const) {
      const { page } = await watched.page("/padding?run=run&sample=1", look);
      await page.locator(".large-sample").waitFor();
      expect(await seriousProblems(page)).toEqual([]);
      expect(await overflow(page)).toBe(0);
      await page.close();
    }
  });
});

function entry(name: string, camera: string | null): RecipeDataset {
  return {
    name,
    source: { kind: "lerobot", location: realDataset(name), taskAnnotation: "declared" },
    episodes: "all",
    role: "both",
    weight: 1,
    mapping: {
      ...asFound,
      controlMode: name === "pusht" ? "ee" : "joint",
      cameras: camera === null ? {} : { base: `observation.images.${camera}` },
    },
  };
}

const title = `the padding of four real robots${skippedWithoutChromium}`;
describe.skipIf(chromiumPath === null || !hasRealData)(onRealData(title), () => {
  it("is most of what a robot of two dofs has in a batch for 44", async () => {
    const datasets = [
      entry("gr1_pick_place", "ego_view"),
      entry("unitree_g1_inspire", "cam_high"),
      entry("dobot_cr5", "top"),
      entry("pusht", null),
    ];
    const plain = plainRecipe(datasets, ["base"]);
    const widths = { actionHorizon: 16, actionWidth: 44, stateWidth: 44, promptTokens: 96 };
    const recipe = { ...plain, batch: { size: 16, microBatch: 16 }, policy: { ...plain.policy, ...widths } };
    const root = await mkdtemp(join(tmpdir(), "armature-real-padding-"));
    await mkdir(join(root, "four-robots"));
    await writeFile(join(root, "four-robots", "recipe.json"), JSON.stringify(recipe));
    const real = await watchDashboard([root]);
    const { page, faults } = await real.page("/padding?run=four-robots&step=5");
    const pusht = page.getByRole("row", { name: /^pusht/ });
    await pusht.waitFor();
    const cells = (await pusht.locator("td").allTextContents()).map((text) => Number.parseFloat(text));
    // Samples, then images, state, prompt and actions: no camera; 42 of 44 slots; and steps past the end beside them.
    expect(cells[1]).toBe(100);
    expect(cells[2]).toBeCloseTo((100 * 42) / 44, 1);
    expect(cells[4]).toBeGreaterThanOrEqual(95.4);
    const gr1 = await page.getByRole("row", { name: /^gr1/ }).locator("td").allTextContents();
    expect(gr1.slice(1, 3).map((text) => Number.parseFloat(text))).toEqual([0, 0]);
    // Both pay for 96 tokens of a prompt; without a camera one pays for the image tower and its tokens as well.
    expect(cells[5]).toBeGreaterThan(Number.parseFloat(gr1[5]!) + 10);
    await keepPicture(page, "dashboard-padding");
    expect(faults).toEqual([]);
    await real.close();
    await rm(root, { recursive: true });
  });
});
