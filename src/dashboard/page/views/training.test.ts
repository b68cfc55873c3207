import { appendFile, cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { readAssets } from "../../asset.ts";
import { pageFolder } from "../../page-folder.ts";
import { type RunningDashboard, startDashboard } from "../../server.ts";
import { SourceFolders } from "../../source.ts";
import {
  chromiumPath,
  keepPicture,
  launchBrowser,
  seriousProblems,
  skippedWithoutChromium,
} from "../testing/browser.ts";

/** Runs of the demo's recipe, 600 steps each: `src/dashboard/testing/logged/README.md` says how they were made. */
const kept = join(import.meta.dirname, "../../testing/logged");

let place = "";
let server: RunningDashboard;
let browser: Browser;
const faults: string[] = [];
beforeAll(async () => {
  if (chromiumPath === null) return;
  place = await mkdtemp(join(tmpdir(), "armature-view-"));
  await cp(kept, place, { recursive: true });
  const assets = await readAssets(await pageFolder(() => {}));
  const failed = (error: unknown) => void faults.push(String(error));
  const sources = await SourceFolders.open([place]);
  server = await startDashboard({ sources, assets, host: "127.0.0.1", port: 0, failed });
  browser = await launchBrowser();
}, 120_000);
afterAll(async () => {
  if (chromiumPath === null) return;
  await browser.close();
  await server.close();
  await rm(place, { recursive: true });
});
afterEach(() => {
  expect(faults.splice(0)).toEqual([]);
});

const wide = { width: 1280, height: 900 };
const narrow = { width: 390, height: 844 };

/** Opens a page and waits for its first chart; what its console says is a fault. */
async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: wide, colorScheme: "light", ...options });
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  await page.goto(server.url + path);
  await page.locator(".legend .value").first().waitFor();
  await page.locator(".plot canvas").first().waitFor();
  return page;
}

const chart = (page: Page, title: string) =>
  page.locator("figure.chart", { has: page.getByRole("heading", { name: title, exact: true }) });

/** The events of a run, as they are on the disk. */
async function eventsOf(run: string) {
  const lines = (await readFile(join(place, run, "events.jsonl"), "utf8")).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}

/** Four significant digits, as the page shows values of this size. */
const shown = (value: number) => String(Number(value.toPrecision(4)));

/** Points at a step of a chart whose steps go from 0 to 600. */
async function pointAt(page: Page, title: string, step: number): Promise<void> {
  const box = await chart(page, title).locator(".u-over").boundingBox();
  if (box === null) throw new Error(`expected a plot of ${title}, got none`);
  await page.mouse.move(box.x + (box.width * step) / 600, box.y + box.height / 2);
}

describe.skipIf(chromiumPath === null)(`the training view${skippedWithoutChromium}`, () => {
  it("shows where a run stands and its last values", async () => {
    const page = await open("/training?run=wide&smooth=0");
    const events = await eventsOf("wide");
    const row = page.getByRole("row", { name: "wide" });
    expect(await row.textContent()).toContain("600 / 600");
    expect(await row.textContent()).toContain("done");
    expect(await row.textContent()).toContain("clean");
    // The titles of the table stand in one line.
    expect((await page.locator(".summary thead").boundingBox())!.height).toBeLessThan(40);
    const last = events.filter(({ kind }) => kind === "step").at(-1);
    expect(await chart(page, "Training loss").locator(".value").allTextContents()).toEqual([shown(last.loss)]);
    const { aggregate, groups } = events.filter(({ kind }) => kind === "validation").at(-1);
    expect(await chart(page, "Held-out loss").locator(".interval").allTextContents()).toEqual([
      aggregate.interval.map(shown).join("–"),
    ]);
    expect(await chart(page, "Held-out loss by dataset").locator(".name").allTextContents()).toEqual(
      groups.map(({ dataset, controlMode }: { dataset: string; controlMode: string }) => `${dataset} / ${controlMode}`),
    );
    await keepPicture(page, "dashboard-training");
    await page.close();
  });

  it("shows the values of every chart at the step that is pointed at", async () => {
    const page = await open("/training?run=wide");
    await pointAt(page, "Held-out loss", 301);
    const found = (await eventsOf("wide")).find(({ kind, step }) => kind === "validation" && step === 300);
    const legend = chart(page, "Held-out loss").locator(".legend");
    await legend.getByText("at 300").waitFor();
    expect(await legend.locator(".value").textContent()).toBe(shown(found.aggregate.loss));
    const other = chart(page, "Held-out loss by dataset").locator(".value");
    expect(await other.allTextContents()).toEqual(found.groups.map(({ loss }: { loss: number }) => shown(loss)));
    await page.close();
  });

  it("lets the arrow keys point, and says the values there to a screen reader", async () => {
    const page = await open("/training?run=wide");
    const plot = page.getByRole("slider", { name: "Held-out loss, step", exact: true });
    await plot.focus();
    await page.keyboard.press("Home");
    const [first] = (await eventsOf("wide")).filter(({ kind }) => kind === "validation");
    await expect.poll(() => plot.getAttribute("aria-valuetext")).toBe(`step 0: wide ${shown(first.aggregate.loss)}`);
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => plot.getAttribute("aria-valuenow")).toBe("1");
    await page.close();
  });

  it("shows what a link says: runs, smoothing, axes, steps, hidden lines", async () => {
    const page = await open("/training?run=slow&run=wide&smooth=0.5&y=linear&steps=100-300&hide=slow");
    expect(await page.getByLabel("Smoothing").inputValue()).toBe("0.5");
    expect(await page.getByLabel("Log values").isChecked()).toBe(false);
    expect(await page.getByRole("checkbox", { name: /^slow/ }).isChecked()).toBe(true);
    expect(await page.getByRole("heading", { name: "Held-out loss: arm / joint" }).count()).toBe(1);
    const slow = chart(page, "Training loss").getByRole("button", { name: "slow" });
    expect(await slow.getAttribute("aria-pressed")).toBe("false");
    await slow.click();
    expect(new URL(page.url()).searchParams.getAll("hide")).toEqual([]);
    await page.getByRole("button", { name: "Steps 100 to 300: show all" }).click();
    expect(new URL(page.url()).searchParams.has("steps")).toBe(false);
    await page.goBack();
    await page.getByRole("button", { name: "Steps 100 to 300: show all" }).waitFor();
    await page.close();
  });

  it("keeps in the address what is clicked: another run, the steps that are dragged over", async () => {
    const page = await open("/training?run=wide");
    await page.getByRole("checkbox", { name: /^slow/ }).check();
    await chart(page, "Training loss").locator(".legend").getByText("slow").waitFor();
    expect(new URL(page.url()).searchParams.getAll("run")).toEqual(["wide", "slow"]);
    await pointAt(page, "Held-out loss", 150);
    await page.mouse.down();
    await pointAt(page, "Held-out loss", 450);
    await page.mouse.up();
    await page.getByRole("button", { name: /show all$/ }).waitFor();
    const [from = 0, to = 0] = (new URL(page.url()).searchParams.get("steps") ?? "").split("-").map(Number);
    expect(Math.abs(from - 150)).toBeLessThanOrEqual(3);
    expect(Math.abs(to - 450)).toBeLessThanOrEqual(3);
    await page.close();
  });

  it("follows a run as it goes on, says of a half-written line that it is one, and begins anew where a run does", async () => {
    await cp(join(place, "slow"), join(place, "growing"), { recursive: true });
    const log = join(place, "growing/events.jsonl");
    const page = await open("/training?run=growing&smooth=0");
    const value = chart(page, "Training loss").locator(".value");
    const before = await readFile(log, "utf8");
    await appendFile(
      log,
      '{"kind":"step","step":601,"loss":7.125,"gradientNorm":1,"learningRate":0.1}\n{"kind":"step","st',
    );
    await page.getByText("growing: the last line of its events has no end yet").waitFor();
    expect(await value.textContent()).toBe("7.125");
    await appendFile(log, 'ep":602,"loss":8.5,"gradientNorm":1,"learningRate":0.1}\nnonsense\n');
    await page.getByText('got "nonsense"').waitFor();
    expect(await value.textContent()).toBe("8.5");
    expect(await page.getByText("has no end yet").count()).toBe(0);
    await writeFile(`${log}.partial`, before);
    await rename(`${log}.partial`, log);
    await page.getByText('got "nonsense"').waitFor({ state: "detached" });
    const last = (await eventsOf("slow")).filter(({ kind }) => kind === "step").at(-1);
    expect(await value.textContent()).toBe(shown(last.loss));
    await page.close();
    await rm(join(place, "growing"), { recursive: true });
  });

  it("shows a run of an older version as far as it can, and says what it cannot", async () => {
    const folder = join(place, "older");
    await mkdir(folder);
    const group = { dataset: "arm", controlMode: "joint", samples: 4, velocity: 0.5, loss: 0.5 };
    const events = [
      { kind: "validation", step: 0, samples: 4, aggregate: { velocity: 0.75, loss: 0.75 }, groups: [group] },
      { kind: "step", step: 1, loss: 2.5, gradientNorm: 1, learningRate: 0.1 },
      { kind: "step", step: 2, loss: 1.5 },
      { kind: "dance", step: 2 },
    ];
    await writeFile(join(folder, "events.jsonl"), events.map((event) => `${JSON.stringify(event)}\n`).join(""));
    await writeFile(join(folder, "recipe.json"), '{"name":"older"}');
    const page = await open("/training?run=older&smooth=0");
    expect(await chart(page, "Training loss").locator(".value").allTextContents()).toEqual(["2.5"]);
    expect(await chart(page, "Held-out loss").locator(".value").allTextContents()).toEqual(["0.75"]);
    expect(await chart(page, "Held-out loss by dataset").locator(".value").allTextContents()).toEqual(["0.5"]);
    expect(await chart(page, "Samples per second").count()).toBe(0);
    const said = page.getByRole("list", { name: "What cannot be shown" });
    await said.getByText('older: 1 event of kind "step" left out; step 2: gradientNorm: expected a number').waitFor();
    await said.getByText('older: 1 event of kind "dance" left out').waitFor();
    await said.getByText("older: recipe.json: ").waitFor();
    await page.close();
    await rm(folder, { recursive: true });
  });

  it("says that a link's run is not there, and shows the others", async () => {
    const page = await open("/training?run=gone&run=wide");
    await page.getByText("gone: there is no run of this name").waitFor();
    expect(await chart(page, "Training loss").locator(".name").allTextContents()).toEqual(["wide"]);
    await page.close();
  });

  it("shows a run that begins later, and goes on where the server comes back", async () => {
    const started = { assets: await readAssets(await pageFolder(() => {})), host: "127.0.0.1", failed: () => {} };
    const sources = await SourceFolders.open([place]);
    const own = await startDashboard({ ...started, sources, port: 0 });
    const page = await browser.newPage({ viewport: wide });
    await page.goto(`${own.url}/training?run=wide&run=later`);
    await page.getByText("later: there is no run of this name").waitFor();
    await own.close();
    await page.getByText("no connection").waitFor();
    await cp(join(place, "slow"), join(place, "later"), { recursive: true });
    const again = await startDashboard({ ...started, sources, port: Number(new URL(own.url).port) });
    await page.getByText("live", { exact: true }).waitFor();
    await chart(page, "Training loss").locator(".legend").getByText("later").waitFor();
    await page.close();
    await again.close();
    await rm(join(place, "later"), { recursive: true });
  });

  it("gives the values as a table and the chart as a picture", async () => {
    const page = await open("/training?run=wide&smooth=0");
    const loss = chart(page, "Training loss");
    const csv = page.waitForEvent("download");
    await loss.getByRole("button", { name: "Training loss as CSV" }).click();
    const table = await readFile(await (await csv).path(), "utf8");
    const steps = (await eventsOf("wide")).filter(({ kind }) => kind === "step");
    expect(table).toBe(`step,wide\n${steps.map(({ step, loss: own }) => `${step},${own}\n`).join("")}`);
    const png = page.waitForEvent("download");
    await loss.getByRole("button", { name: "Training loss as PNG" }).click();
    const file = await png;
    expect(file.suggestedFilename()).toBe("training-loss.png");
    expect((await readFile(await file.path())).subarray(1, 4).toString()).toBe("PNG");
    await page.close();
  });

  it("is dark where the system is, or where it is asked to, which it remembers", async () => {
    const page = await open("/training?run=wide&run=slow", { colorScheme: "dark" });
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    expect(await ground()).toBe("rgb(18, 22, 28)");
    expect(await seriousProblems(page)).toEqual([]);
    await keepPicture(page, "dashboard-training-dark");
    await page.getByRole("button", { name: "Dark mode" }).click();
    expect(await ground()).toBe("rgb(255, 255, 255)");
    await page.reload();
    expect(await ground()).toBe("rgb(255, 255, 255)");
    await page.close();
  });

  it("fits a narrow screen, where the runs are behind a line that opens", async () => {
    const page = await open("/training?run=wide", { viewport: narrow });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(narrow.width);
    const box = page.getByRole("checkbox", { name: /^slow/ });
    expect(await box.isVisible()).toBe(false);
    await page.getByText("Runs: 1 shown").click();
    expect(await box.isVisible()).toBe(true);
    expect(await seriousProblems(page)).toEqual([]);
    await page.close();
  });

  it("has no serious fault that axe knows of", async () => {
    const page = await open("/training?run=wide&run=slow&hide=slow");
    expect(await seriousProblems(page)).toEqual([]);
    await page.close();
  });
});
