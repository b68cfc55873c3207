import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandOutcome } from "../src/command/definition.ts";
import { Progress } from "../src/command/progress.ts";
import { table } from "../src/command/table.ts";
import type { Terminal } from "../src/command/terminal.ts";
import type { Picture } from "../src/dataset/dataset.ts";
import { openDataset } from "../src/dataset/read/open.ts";
import { inspectDataset } from "../src/dataset/read/validate.ts";
import { DatasetWriter } from "../src/dataset/write/dataset-writer.ts";
import type { WrittenVersion } from "../src/dataset/write/description.ts";
import { zeros } from "../src/graph/host-array.ts";
import { median } from "./turns.ts";

/** Episodes of each dataset, and frames of each at 30 a second, drawn with this many pixels a side. */
const [episodes, frames, side] = [100, 150, 96];
const camera = "observation.images.front";
const versions = ["v2.1", "v3.0"] as const;

interface Row {
  readonly version: WrittenVersion;
  readonly films: number;
  /** Medians in milliseconds. */
  readonly compared: number;
  readonly inspected: number;
  readonly decoded: number;
}

/** What it takes to compare films with rows, to inspect a dataset with films, and to decode all of it. */
export async function benchFilms(rounds: number, terminal: Terminal): Promise<CommandOutcome> {
  const total = versions.length * (rounds + 1);
  const clock = { done: 0, now: () => performance.now() };
  const progress = new Progress({ screen: terminal.err, label: "films", unit: "round", total, ...clock });
  const folder = await mkdtemp(join(tmpdir(), "armature-bench-"));
  const rows: Row[] = [];
  try {
    for (const [at, version] of versions.entries()) {
      const root = join(folder, version);
      await write(root, version);
      const timed: Omit<Row, "version" | "films">[] = [];
      let films = 0;
      for (let round = 0; round < rounds; round++) {
        progress.update(at * (rounds + 1) + round + 1, {});
        const compared = await elapsed(async () => {
          const dataset = await openDataset(root, choice);
          films = dataset.episodes.length;
          const { problems } = await dataset.compareFilms(dataset.cameras);
          await dataset.close();
          if (problems.length > 0) throw new Error(`bench films: expected no problem, got ${problems[0]?.message}`);
        });
        const inspected = await elapsed(() => inspectDataset(root, "films", () => {}, "ends"));
        const decoded = await elapsed(() => inspectDataset(root, "films", () => {}, "all"));
        timed.push({ compared, inspected, decoded });
      }
      const of = (key: keyof (typeof timed)[number]) => median(timed.map((each) => each[key]));
      rows.push({ version, films, compared: of("compared"), inspected: of("inspected"), decoded: of("decoded") });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  progress.finish();
  return { status: 0, json: { rounds, episodes, frames, rows }, text: filmsTable(rows) };
}

const choice = { name: "films", episodes: "all", taskAnnotation: "none", pictureMemoryBytes: 0 } as const;

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function write(root: string, version: WrittenVersion): Promise<void> {
  const writer = await DatasetWriter.create(root, {
    version,
    robotType: "bench",
    framesPerSecond: 30,
    vectors: [{ key: "action", names: ["x", "y"] }],
    cameras: [{ key: camera, height: side, width: side }],
    codec: "h264",
    source: {},
  });
  for (let episode = 0; episode < episodes; episode++) {
    for (let frame = 0; frame < frames; frame++)
      writer.add({
        vectors: new Map([["action", [frame, episode]]]),
        pictures: new Map([[camera, striped(episode + frame)]]),
        task: "move",
      });
    await writer.finishEpisode({});
  }
  await writer.finish();
}

/** Stripes that move with the frame. */
function striped(shift: number): Picture {
  const picture = zeros("h w c", [side, side, 3], "uint8");
  for (let at = 0; at < picture.cells.length; at++) picture.cells[at] = ((Math.floor(at / 3) + shift) % 16) * 16;
  return picture;
}

function filmsTable(rows: readonly Row[]): string {
  const titles = ["format", "episodes", "opened, films and rows compared", "inspect", "inspect --decode"];
  const columns = titles.map((title, at) => ({ title, align: at === 0 ? "left" : "right" }) as const);
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  const cells = rows.map((row) => [
    row.version,
    String(row.films),
    ...[row.compared, row.inspected, row.decoded].map(ms),
  ]);
  return table(columns, cells);
}
