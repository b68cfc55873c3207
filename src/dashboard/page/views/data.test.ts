import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasRealData, onRealData, realDataset } from "../../../dataset/testing/real-data.ts";
import { plainColumns, writeJson, writeV2 } from "../../../dataset/testing/small-dataset.ts";
import { addEpisode, description, toyCamera } from "../../../dataset/testing/toy-recording.ts";
import { DatasetWriter } from "../../../dataset/write/dataset-writer.ts";
import { idleRecipe, writeIdle } from "../../testing/idle-dataset.ts";
import { chromiumPath, keepPicture, seriousProblems, skippedWithoutChromium } from "../testing/browser.ts";
import { overflow, type WatchedDashboard, watchDashboard } from "../testing/watched.ts";

let root = "";
let watched: WatchedDashboard;
beforeAll(async () => {
  if (chromiumPath === null) return;
  root = await mkdtemp(join(tmpdir(), "armature-data-view-"));
  const filmless = join(root, "filmless");
  for (const folder of [join(root, "toy"), filmless]) {
    const writer = await DatasetWriter.create(folder, description("v2.1", {}));
    for (const episode of [0, 1, 2, 3]) await addEpisode(writer, episode);
  }
  await rm(join(filmless, "videos"), { recursive: true });
  const slow = { name: "timestamp", kind: "float", values: [0, 0.5, 1, 1.5] } as const;
  await writeV2(join(root, "slow"), [4, 4], {}, (episode) => (episode === 1 ? [slow] : []));
  await writeV2(join(root, "torn"), [4, 4, 4], {}, (episode) => {
    const [action, ...others] = plainColumns(episode, 4);
    const values = [0, 1, Number.NaN, 3].map((x) => [x, 1]);
    return episode === 1 ? [{ ...action!, values }, ...others] : [];
  });
  await writeIdle(join(root, "idle"), [4, 1]);
  await writeJson(join(root, "trimming/recipe.json"), idleRecipe(root));
  watched = await watchDashboard([root]);
});
afterAll(async () => {
  await watched?.close();
  if (root !== "") await rm(root, { recursive: true });
});

/** The left edge of the red square of a toy picture, in its own pixels, read off the film that is shown. */
async function squareAt(page: Page): Promise<number> {
  return await page
    .locator("img.frame")
    .first()
    .evaluate((picture: HTMLImageElement) => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
      const context = canvas.getContext("2d")!;
      context.drawImage(picture, 0, 0);
      const { data } = context.getImageData(0, 12, canvas.width, 1);
      return Array.from({ length: canvas.width }, (_, x) => x).findIndex(
        (x) => data[4 * x]! > 170 && data[4 * x + 1]! < 110,
      );
    });
}

describe.skipIf(chromiumPath === null)(`the view of data${skippedWithoutChromium}`, () => {
  it("shows the row of its address: the picture that belongs to it, its numbers and its instruction", async () => {
    const { page, faults } = await watched.page("/data?dataset=toy&episode=2&row=3");
    await page.locator("img.frame").first().waitFor();
    await page.getByText("row 3 of 8, 0.30 s").waitFor();
    await page.getByText("Told: push").waitFor();
    // The action is the row times the episode, the square two pixels further with every row; a film may blur its edge.
    expect(await page.locator(".strip", { hasText: "a" }).first().locator(".action-text").textContent()).toBe("6");
    await expect.poll(() => squareAt(page)).toBeGreaterThanOrEqual(5);
    expect(await squareAt(page)).toBeLessThanOrEqual(7);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("moves one cursor over film and curves by pointer and by keyboard, and the address follows", async () => {
    const { page } = await watched.page("/data?dataset=toy&episode=2");
    const curve = page.locator(".strip canvas").first();
    await curve.waitFor();
    const box = (await curve.boundingBox())!;
    await page.mouse.click(box.x + box.width - 1, box.y + box.height / 2);
    await page.getByText("row 7 of 8").waitFor();
    await page.getByLabel("Row", { exact: true }).press("ArrowLeft");
    await page.getByText("row 6 of 8").waitFor();
    await expect.poll(() => squareAt(page)).toBeGreaterThanOrEqual(11);
    await page.waitForURL(/row=6/);
    await page.close();
  });

  it("shows what training reads where numbers are to be normalised", async () => {
    const { page } = await watched.page("/data?dataset=toy&episode=3&row=2");
    await page.locator(".action-text").first().waitFor();
    const said = () => page.locator(".action-text").first().textContent();
    expect(await said()).toBe("6");
    await page.getByLabel("normalised").check();
    await page.waitForURL(/scale=normalised/);
    const { actions } = await (
      await page.request.get(`${watched.url}/api/datasets/toy/data/0/episodes/3?scale=normalised`)
    ).json();
    await expect
      .poll(said)
      .toBe(Number(actions.values[0][2].toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 7 }));
    await page.close();
  });

  it("says which film is missing and shows the rest", async () => {
    const { page, faults } = await watched.page("/data?dataset=filmless&episode=2&row=4");
    await page.getByText(`${toyCamera}: no film here`).waitFor();
    await expect.poll(() => page.locator(".action-text").first().textContent()).toBe("8");
    expect(faults).toEqual([]);
    await page.close();
  });

  it("leads from a problem to its row", async () => {
    const { page } = await watched.page("/data?dataset=slow");
    await page.getByRole("button", { name: "episode 1, row 3" }).click();
    await page.getByText("row 3 of 4, 0.30 s").waitFor();
    await page.waitForURL(/episode=1.*row=3/);
    await page.close();
  });

  it("leads to the row of a problem behind idle ones, and says of one among them that it is trimmed", async () => {
    const { page } = await watched.page("/data?run=trimming");
    await page.getByText("row 1, which is idle and trimmed").waitFor();
    expect(await page.getByRole("button", { name: "episode 1", exact: true }).count()).toBe(1);
    await page.getByRole("button", { name: "episode 0, row 4" }).click();
    // The robot stands at 2 at row 4 of the recording, two rows behind the first that is shown.
    await page.waitForURL(/episode=0.*row=2/);
    await page.getByText("row 4 of 6, 0.20 s").waitFor();
    await expect.poll(() => page.locator(".action-text").first().textContent()).toBe("2");
    await page.close();
  });

  it("says what is wrong with an episode that is left out, and that there is no such dataset", async () => {
    const { page } = await watched.page("/data?dataset=torn");
    await page.getByText("expected a finite number at frame 2 of episode 1, entry 0, got NaN").waitFor();
    expect(await page.getByRole("combobox", { name: "Episode" }).locator("option").allTextContents()).toEqual([
      expect.stringMatching(/^0 · 4 rows/),
      expect.stringMatching(/^2 · 4 rows/),
    ]);
    await page.goto(`${watched.url}/data?dataset=nowhere`);
    await page.getByText('expected a dataset of the folders given, got "nowhere"').waitFor();
    await page.close();
  });

  it("keeps nobody out: in light and dark, on a narrow screen", async () => {
    for (const look of [{}, { theme: "dark" }, { width: 390 }] as const) {
      const { page } = await watched.page("/data?dataset=toy&episode=2", look);
      await page.locator(".histogram").first().waitFor();
      await page.getByText("pictures decoded").waitFor();
      expect(await seriousProblems(page)).toEqual([]);
      expect(await overflow(page)).toBe(0);
      await page.close();
    }
  });
});

const title = `the view of real data${skippedWithoutChromium}`;
describe.skipIf(chromiumPath === null || !hasRealData)(onRealData(title), () => {
  it("shows the numbers that stand in the file at the row, as pyarrow reads them", async () => {
    const real = await watchDashboard([realDataset("unitree_g1_inspire")]);
    const { page, faults } = await real.page("/data?dataset=unitree_g1_inspire&episode=30&row=100");
    await page.locator(".histogram").first().waitFor();
    await page.locator("img.frame").nth(1).waitFor();
    await page.getByText("pictures decoded").waitFor();
    // episode_000030.parquet, row 100, entry 0: action −0.76523769, observation.state −0.78286952.
    const first = page.locator(".strip-value").first();
    expect(await first.locator("span").allTextContents()).toEqual(["-0.7652", "-0.7829"]);
    await keepPicture(page, "dashboard-data");
    expect(faults).toEqual([]);
    await real.close();
  });
});
