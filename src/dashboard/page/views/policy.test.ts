import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { craneRecipe, craneRecordings } from "../../../recipe/testing/cranes.ts";
import { craneRows } from "../../../training/testing/crane-units.ts";
import { type MicroRun, trainMicroRun } from "../../../training/testing/micro-run.ts";
import { brief } from "../chart/number.ts";
import { chromiumPath, seriousProblems, skippedWithoutChromium } from "../testing/browser.ts";
import { overflow, type WatchedDashboard, watchDashboard } from "../testing/watched.ts";

let root = "";
let run: MicroRun;
let watched: WatchedDashboard;
beforeAll(async () => {
  if (chromiumPath === null) return;
  root = await mkdtemp(join(tmpdir(), "armature-policy-view-"));
  run = await trainMicroRun(craneRecipe, 1);
  await cp(run.folder, join(root, "untrained"), { recursive: true });
  await rm(join(root, "untrained", "checkpoints"), { recursive: true });
  watched = await watchDashboard([run.folder, root]);
});
afterAll(async () => {
  if (chromiumPath === null) return;
  await watched.close();
  await run.remove();
  await rm(root, { recursive: true });
});

describe.skipIf(chromiumPath === null)(`the view of the policy${skippedWithoutChromium}`, () => {
  it("shows what was recorded at the cursor, and asks the policy wherever the cursor goes", async () => {
    const { page, faults } = await watched.page("/policy?run=run&data=0&episode=2&row=4");
    await page.getByText("predicted at row 4, 8 noises").waitFor();
    const recorded = craneRows(craneRecordings[0]!, "action", 2);
    const said = () => page.locator(".only-value").allTextContents();
    const float = (value: number) => brief(Number(value.toPrecision(7)));
    expect(await said()).toEqual(recorded[4]!.map(float));
    await page.getByLabel("Row", { exact: true }).press("End");
    await page.getByText("predicted at row 9, 8 noises").waitFor();
    expect(await said()).toEqual(recorded[9]!.map(float));
    await page.waitForURL(/row=9/);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("offers held-out episodes first", async () => {
    const { page } = await watched.page("/policy?run=run&data=0");
    const options = page.getByRole("combobox", { name: "Episode" }).locator("option");
    await options.first().waitFor({ state: "attached" });
    expect((await options.allTextContents()).map((text) => text.split(" · ")[2])).toEqual([
      ...["held out", "train", "train", "train"],
    ]);
    await page.close();
  });

  it("says errors by dof, in their unit and of their scale, and draws them by step", async () => {
    const { page } = await watched.page("/policy?run=run&data=0&episode=1");
    const lift = page.getByRole("row", { name: /^lift/ });
    await lift.waitFor();
    const address = `${watched.url}/api/runs/run/policy/0/episodes/1/errors?rows=16&draws=4`;
    const { dofs } = await (await page.request.get(address)).json();
    const { error, scale, spread } = dofs[0];
    expect(await lift.locator("td").allTextContents()).toEqual([
      brief(error),
      (error / scale).toFixed(3),
      brief(spread),
    ]);
    await page.getByRole("slider", { name: "By step of the chunk, step" }).press("Home");
    await page.getByText("at 0").first().waitFor();
    await page.close();
  });

  it("says that a run has no checkpoint yet", async () => {
    const { page } = await watched.page("/policy?run=untrained");
    await page.getByText("expected a run with a checkpoint, got none").waitFor();
    await page.close();
  });

  it("loads a large policy only where its own button was pressed: another run is not asked for in its place", async () => {
    const { page } = await watched.page("/policy?run=run&data=0&load=yes");
    await page.getByRole("combobox", { name: "Of", exact: true }).selectOption({ label: "untrained" });
    await page.waitForURL(/run=untrained/);
    expect([...new URL(page.url()).searchParams]).toEqual([["run", "untrained"]]);
    await page.close();
  });

  it("keeps nobody out: in light and dark, on a narrow screen", async () => {
    for (const look of [{}, { theme: "dark" }, { width: 390 }] as const) {
      const { page } = await watched.page("/policy?run=run&data=0", look);
      await page.getByText("By step of the chunk").waitFor();
      expect(await seriousProblems(page)).toEqual([]);
      expect(await overflow(page)).toBe(0);
      await page.close();
    }
  });
});
