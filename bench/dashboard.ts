import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { z } from "zod";
import type { CommandOutcome } from "../src/command/definition.ts";
import { Progress } from "../src/command/progress.ts";
import { table } from "../src/command/table.ts";
import type { Terminal } from "../src/command/terminal.ts";
import { readAssets } from "../src/dashboard/asset.ts";
import { chromiumPath, launchBrowser } from "../src/dashboard/page/testing/browser.ts";
import { pageFolder } from "../src/dashboard/page-folder.ts";
import { startDashboard } from "../src/dashboard/server.ts";
import { SourceFolders } from "../src/dashboard/source.ts";
import { InputError } from "../src/input-error.ts";
import { eventFile } from "../src/training/event-log.ts";
import { median } from "./turns.ts";

/** Steps of the run that is shown, and between two of its validations. */
const [steps, everySteps] = [100_000, 5_000];
const groups = ["reacher", "pusher", "arm"] as const;
/** Places that the pointer visits in a turn. */
const places = 120;
const size = { width: 1280, height: 900 };

/** What one turn measured. */
interface Turn {
  /** From the first byte asked for to every chart drawn, in milliseconds. */
  readonly loadedMs: number;
  /** Between two pictures of the screen, in milliseconds. */
  readonly hover: readonly number[];
  readonly zoom: readonly number[];
}

/** How long the view of training takes to load a long run from loopback, and how even its pictures come while one points and zooms. */
export async function benchDashboard(rounds: number, terminal: Terminal): Promise<CommandOutcome> {
  if (chromiumPath === null) throw new InputError("bench dashboard: expected Chromium on PATH, got none; install it");
  const clock = { done: 0, now: () => performance.now() };
  const progress = new Progress({ screen: terminal.err, label: "dashboard", unit: "turn", total: rounds, ...clock });
  const folder = await mkdtemp(join(tmpdir(), "armature-bench-"));
  await writeLongRun(join(folder, "long"));
  const server = await startDashboard({
    sources: await SourceFolders.open([folder]),
    assets: await readAssets(await pageFolder(() => {})),
    host: "127.0.0.1",
    port: 0,
    failed: (error) => terminal.err.write(`${error}\n`),
  });
  const browser = await launchBrowser();
  const turns: Turn[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      turns.push(await turn(browser, `${server.url}/training?run=long`));
      progress.update(round + 1, {});
    }
  } finally {
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true });
  }
  progress.finish();
  return { status: 0, json: { steps, rounds, turns }, text: turnsTable(turns) };
}

/** Waits until charts are drawn, and says when that was since the page was asked for. */
const untilDrawn = `new Promise((resolve) => {
  const look = () => {
    const drawn = document.querySelectorAll(".plot canvas").length;
    const said = document.querySelectorAll(".legend .value").length;
    if (drawn >= 5 && said >= 7) requestAnimationFrame(() => resolve(performance.now()));
    else requestAnimationFrame(look);
  };
  look();
})`;

/** Begins to note when the screen is drawn. */
const noteFrames = `window.drawn = []; (function note(at) { window.drawn.push(at); window.noting = requestAnimationFrame(note); })(performance.now())`;

const numbers = z.array(z.number());

/** A browser of its own cache loads the page, then points at a chart and zooms into it. */
async function turn(browser: Browser, url: string): Promise<Turn> {
  const page = await browser.newPage({ viewport: size });
  await page.goto(url, { waitUntil: "commit" });
  const loadedMs = z.number().parse(await page.evaluate(untilDrawn));
  const box = await page.locator("figure.chart .u-over").first().boundingBox();
  if (box === null) throw new Error("bench dashboard: expected a chart, got none");
  const hover = await framesDuring(page, async () => {
    for (let at = 0; at <= places; at++)
      await page.mouse.move(box.x + (box.width * at) / places, box.y + box.height / 2);
  });
  const zoom = await framesDuring(page, async () => {
    for (const [from, to] of [
      [0.2, 0.8],
      [0.1, 0.7],
      [0.3, 0.9],
    ] as const)
      await drag(page, box, [from, to]);
    await page.mouse.dblclick(box.x + box.width / 2, box.y + box.height / 2);
  });
  await page.close();
  return { loadedMs, hover, zoom };
}

type Box = Readonly<Record<"x" | "y" | "width" | "height", number>>;

async function drag(page: Page, { x, y, width, height }: Box, [from, to]: readonly [number, number]): Promise<void> {
  await page.mouse.move(x + from * width, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + to * width, y + height / 2, { steps: 20 });
  await page.mouse.up();
}

async function framesDuring(page: Page, work: () => Promise<void>): Promise<number[]> {
  await page.evaluate(noteFrames);
  await work();
  const drawn = numbers.parse(await page.evaluate("cancelAnimationFrame(window.noting); window.drawn"));
  return drawn.slice(1).map((at, before) => at - drawn[before]!);
}

/** A run of one hundred thousand steps, with losses that fall and jump. */
async function writeLongRun(folder: string): Promise<void> {
  let state = 1;
  const noise = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const lossAt = (step: number) => 3 * Math.exp(-step / 30_000) * (0.7 + 0.6 * noise());
  const lines: object[] = [];
  for (let step = 0; step <= steps; step++) {
    if (step > 0)
      lines.push({ kind: "step", step, loss: lossAt(step), gradientNorm: noise(), learningRate: 1e-4 * noise() });
    if (step % everySteps !== 0) continue;
    const losses = () => {
      const loss = lossAt(step);
      return { loss, velocity: loss, interval: [0.9 * loss, 1.1 * loss] };
    };
    const rows = groups.map((dataset) => ({ dataset, controlMode: "joint", samples: 64, episodes: 9, ...losses() }));
    lines.push({ kind: "validation", step, samples: 192, weights: "ema", aggregate: losses(), groups: rows });
  }
  await mkdir(folder);
  await writeFile(join(folder, eventFile), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

function turnsTable(turns: readonly Turn[]): string {
  const title = (text: string, align: "left" | "right") => ({ title: text, align });
  const share = (gaps: readonly number[], most: number) =>
    `${((100 * gaps.filter((gap) => gap <= most).length) / gaps.length).toFixed(1)} %`;
  const row = (name: string, gaps: readonly number[]) => [
    name,
    String(gaps.length),
    median(gaps).toFixed(1),
    share(gaps, 1.5 * (1000 / 60)),
    Math.max(...gaps).toFixed(0),
  ];
  const loads = turns.map(({ loadedMs }) => loadedMs);
  return [
    `a run of ${steps.toLocaleString("en")} steps: every chart is drawn ${median(loads).toFixed(0)} ms after it is asked for (median of ${turns.length}; ${Math.min(...loads).toFixed(0)} to ${Math.max(...loads).toFixed(0)})`,
    "",
    table(
      [
        title("pictures while one", "left"),
        title("pictures", "right"),
        title("median ms apart", "right"),
        title("at most 25 ms", "right"),
        title("longest ms", "right"),
      ],
      [
        row(
          "points",
          turns.flatMap(({ hover }) => hover),
        ),
        row(
          "zooms",
          turns.flatMap(({ zoom }) => zoom),
        ),
      ],
    ),
  ].join("\n");
}
