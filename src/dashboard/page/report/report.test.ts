import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditJson } from "../../report/audit-report.ts";
import { demoReport } from "../../report/demo-report.ts";
import { emptyReport, reportDocument } from "../../report/report-file.ts";
import { story } from "../../testing/story.ts";
import { chromiumPath, launchBrowser, seriousProblems, skippedWithoutChromium } from "../testing/browser.ts";
import { overflow, type PageLook } from "../testing/watched.ts";

let folder = "";
let browser: Browser;
beforeAll(async () => {
  if (chromiumPath === null) return;
  folder = await mkdtemp(join(tmpdir(), "armature-report-"));
  const empty = await emptyReport(() => {});
  await writeFile(join(folder, "demo.html"), reportDocument(empty, demoReport(story)));
  const audit = auditJson(story.audit, "view-keys");
  await writeFile(join(folder, "audit.html"), reportDocument(empty, { kind: "audit", subject: "</script>", audit }));
  browser = await launchBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  if (folder !== "") await rm(folder, { recursive: true });
});

const faults: string[] = [];

/** Opens a file; what the page asks for beside it, and what its console says, are faults. */
async function open(name: string, { width = 1280, theme = "light" }: PageLook = {}, query = ""): Promise<Page> {
  faults.splice(0);
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme, offline: true });
  const page = await context.newPage();
  const own = pathToFileURL(join(folder, name)).href + query;
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  page.on("request", (request) => {
    if (request.url() !== own && !request.url().startsWith("data:video/mp4")) faults.push(request.url().slice(0, 80));
  });
  await page.goto(own);
  await page.getByRole("heading", { level: 1 }).waitFor();
  return page;
}

/** The texts of each row of a table, as they are seen. */
async function rowsOf(page: Page, label: string): Promise<string[][]> {
  const rows = await page.getByRole("region", { name: label }).locator("tbody tr").all();
  return await Promise.all(rows.map((row) => row.locator("th, td").allTextContents()));
}

describe.skipIf(chromiumPath === null)(`the demo's report${skippedWithoutChromium}`, () => {
  it("says of each robot how it did before training, then how after, and the steps of the trained policy", async () => {
    const page = await open("demo.html");
    expect(await page.title()).toBe("One policy, 2 robots · Armature");
    expect(await rowsOf(page, "Successes in closed loop")).toEqual([
      ["reacher", "joint", "2", "12.5 % (6.3 % to 56.3 %)", "87.5 % (43.8 % to 93.8 %)", "14.3"],
      ["pusher", "joint", "2", "0 % (0 % to 50 %)", "62.5 % (31.3 % to 81.3 %)", "61.8"],
    ]);
    await page.close();
  });

  it("shows each robot's films in the order of time, with what became of each", async () => {
    const page = await open("demo.html");
    const films = await page.locator(".films figure").all();
    const shown = films.map(async (film) => {
      const source = (await film.locator("video").getAttribute("src")) ?? "";
      return [
        Buffer.from(source.split("base64,")[1] ?? "", "base64")[0],
        await film.locator("figcaption").textContent(),
      ];
    });
    expect(await Promise.all(shown)).toEqual([
      [10, "start 0, untrained: fails"],
      [11, "start 0, trained: succeeds"],
      [12, "start 1, trained: fails"],
      [20, "start 0, untrained: fails"],
      [21, "start 0, trained: succeeds"],
    ]);
    await page.close();
  });

  it("says each dataset's held-out loss before training and after, and draws it with the dashboard's charts", async () => {
    const page = await open("demo.html");
    expect(await rowsOf(page, "Held-out losses before training and after")).toEqual([
      ["reacher", "joint", "30", "3.1111", "0.4444"],
      ["pusher", "joint", "31", "2.2222", "0.5555"],
    ]);
    const chart = page.locator("figure.chart", { hasText: "Held-out loss by dataset" });
    await chart.locator("canvas").waitFor();
    const plot = page.getByRole("slider", { name: "Held-out loss by dataset, step" });
    await plot.focus();
    expect(await plot.getAttribute("aria-valuetext")).toBe("step 2: reacher / joint 0.4444, pusher / joint 0.5555");
    await page.keyboard.press("Home");
    await chart.getByText("at 0").first().waitFor();
    expect(await chart.locator(".value").allTextContents()).toEqual(["3.111", "2.222"]);
    expect(faults).toEqual([]);
    await page.close();
  });

  it("keeps in its address what is chosen, as the dashboard does", async () => {
    const page = await open("demo.html");
    await page.getByText("All 3 samples of the batch").click();
    await page.locator(".sample").first().click();
    await page.waitForURL(/demo\.html\?sample=0$/);
    await page.getByRole("checkbox", { name: "Log values" }).uncheck();
    await page.waitForURL(/y=linear/);
    await page.reload();
    expect(await page.getByRole("checkbox", { name: "Log values" }).isChecked()).toBe(false);
    await page.close();
  });

  it("shows what is real in a batch: of all of it by dataset, and of one sample of each robot", async () => {
    const page = await open("demo.html");
    const shares = await rowsOf(page, "Padding by dataset and field");
    expect(shares).toEqual([
      ["reacher · joint", "2", "33.3 %", "25.0 %"],
      ["pusher · joint", "1", "66.7 %", "62.5 %"],
      ["the batch", "3", "44.4 %", "37.5 %"],
    ]);
    expect(await page.locator(".large-sample h2").allTextContents()).toEqual([
      "Sample 1: reacher · joint, episode 5, row 8",
      "Sample 0: pusher · joint, episode 4, row 7",
    ]);
    await page.getByText("actions: 2 of 6 cells are real; step 0 to step 0; x, y.").waitFor();
    await page.close();
  });

  it("says what leaks, by kind of padding and where, and which kinds there are none of", async () => {
    const page = await open("demo.html");
    expect(await rowsOf(page, "Audit by kind of padding")).toEqual([
      ["action-dims", "378", "clean", "clean", "clean", "clean", "known"],
      ["action-steps", "189", "clean", "clean", "clean", "clean", "clean"],
      ["state-dims", "45", "clean", "clean", "clean", "clean", "known"],
      ["views", "17", "clean", "clean", "✗ 0.0625 at batch/collate.ts: images", "clean", "known"],
      ["prompt-tokens", "3", "clean", "clean", "clean", "clean", "known"],
    ]);
    await page.getByText("Padding leaks.", { exact: true }).waitFor();
    await page.getByText("views reach actions: they enter at batch/collate.ts: images").waitFor();
    await page
      .getByText(
        "Not in these batches: history, response-tokens, metadata-tokens, subgoals, action-tokens, robotless-samples, filler-rows.",
      )
      .waitFor();
    await page.close();
  });

  it("says how long each part took, and all", async () => {
    const page = await open("demo.html");
    expect(await rowsOf(page, "Seconds of each phase")).toEqual([
      ["record", "12.0"],
      ["train", "34.0"],
      ["in all", "46.0"],
    ]);
    await page.close();
  });

  it("keeps nobody out: in light and dark, on a narrow screen", async () => {
    for (const look of [{}, { theme: "dark" }, { width: 390 }] as const) {
      const page = await open("demo.html", look, "?sample=1");
      await page.locator("canvas").first().waitFor();
      expect(await seriousProblems(page)).toEqual([]);
      expect(await overflow(page)).toBe(0);
      await page.close();
    }
  });

  it("asks for no other file and no network, which its own policy forbids as well", async () => {
    const page = await open("demo.html");
    await page.locator("canvas").first().waitFor();
    expect(faults).toEqual([]);
    const blocked = page.waitForEvent("console", (message) => message.text().includes("Content Security Policy"));
    await page.evaluate(() => fetch("http://127.0.0.1:9/").catch(() => {}));
    await blocked;
    await page.close();
  });
});

describe.skipIf(chromiumPath === null)(`the page of an audit${skippedWithoutChromium}`, () => {
  it("shows the same table, and takes what was typed as text", async () => {
    const page = await open("audit.html");
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Audit of </script>");
    await page.getByText("The audit finds that view-keys is off.").waitFor();
    expect((await rowsOf(page, "Audit by kind of padding"))[3]?.[4]).toBe("✗ 0.0625 at batch/collate.ts: images");
    await page.getByText("Laws: poison ✗ padding ✓ split ✓ order ✓ horizon ✓").waitFor();
    expect(faults).toEqual([]);
    expect(await seriousProblems(page)).toEqual([]);
    expect(await readFile(join(folder, "audit.html"), "utf8")).not.toContain("Audit of </script>");
    await page.close();
  });
});
