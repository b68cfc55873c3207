import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { z } from "zod";

/** Chromium as Debian and others name it, on the path; `null` where there is none. */
export const chromiumPath = findProgram(["chromium", "chromium-browser", "google-chrome"]);

/** What a test's title ends with where it is skipped. */
export const skippedWithoutChromium = chromiumPath === null ? " (skipped: no chromium)" : "";

export async function launchBrowser(): Promise<Browser> {
  if (chromiumPath === null) throw new Error("expected Chromium on PATH, got none");
  // As root, which tests in a container are, Chromium has no sandbox; it opens nothing but the test's own page.
  return await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"] });
}

const violations = z.object({
  violations: z.array(
    z.object({ id: z.string(), impact: z.string().nullable(), nodes: z.array(z.object({ html: z.string() })) }),
  ),
});

/** What axe finds on a page that is serious, each rule with the first element that breaks it; it would wait for films that have no end. */
export async function seriousProblems(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = violations.parse(await page.evaluate('axe.run({ preload: { assets: ["cssom"] } })'));
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

/** Keeps what is seen as a picture of the documentation, where `ARMATURE_PICTURES` asks for it. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  if (process.env.ARMATURE_PICTURES === undefined) return;
  const folder = join(import.meta.dirname, "../../../../docs/pictures");
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

function findProgram(names: readonly string[]): string | null {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const places = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return places.find((place) => existsSync(place)) ?? null;
}
