import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { runScript, type Script, startScript } from "./script.ts";
import type { Contestant } from "./turns.ts";

/** A sample by its place in a dataset. */
export interface Place {
  readonly episode: number;
  readonly frame: number;
}

export interface LeRobotOptions {
  readonly python: string;
  /** Folder of the dataset. */
  readonly root: string;
  readonly places: readonly Place[];
  readonly workers: number;
  /** Samples of a batch. */
  readonly rows: number;
}

/** Milliseconds per sample. */
export interface TimeShares {
  /** Decoding and scaling. */
  readonly pictures: number;
  /** Tables, windows, collating. */
  readonly rest: number;
}

/** A picture as LeRobot gives it, and the row's first numbers. */
export interface LeRobotSample extends Place {
  readonly camera: string;
  /** `[h w c]`, rows of red green blue, at the video's own size. */
  readonly pixels: Uint8Array;
  readonly state: readonly number[];
  readonly action: readonly number[];
}

/**
 * LeRobot's dataset class behind a PyTorch DataLoader, warmed up and waiting for its turn.
 *
 * @throws InputError if the interpreter is not there or ends before it is ready
 * @source bench/lerobot_loader.py, `--pair`
 */
export async function startLeRobot(options: LeRobotOptions): Promise<Contestant> {
  const list = await listOf(options.places);
  const words = ["--workers", String(options.workers), "--batch", String(options.rows), "--pair"];
  const script = startScript(scriptOf(options, list.path, words));
  try {
    await script.answer(z.object({ ready: z.literal(true) }));
  } finally {
    await list.remove();
  }
  return {
    name: "LeRobot",
    program: script.program,
    async repeat() {
      script.go();
      return (1000 * (await script.answer(z.object({ seconds: z.number() }))).seconds) / options.places.length;
    },
    end: () => script.end(),
  };
}

/** Where the time of one sample goes in LeRobot, in one process. */
export async function shareOfLeRobot(options: LeRobotOptions): Promise<TimeShares> {
  const list = await listOf(options.places);
  const spent = z.object({ decode: z.number(), resize: z.number(), table: z.number(), collate: z.number() });
  const [found] = await runScript(scriptOf(options, list.path, ["--share"]), z.object({ msPerSample: spent }));
  await list.remove();
  const { decode, resize, table, collate } = found!.msPerSample;
  return { pictures: decode + resize, rest: table + collate };
}

/** The samples themselves, as LeRobot reads them. */
export async function samplesOfLeRobot(options: LeRobotOptions): Promise<LeRobotSample[]> {
  const list = await listOf(options.places);
  const numbers = z.array(z.number());
  const line = z.object({
    episode: z.int(),
    frame: z.int(),
    camera: z.string(),
    file: z.string(),
    state: numbers,
    action: numbers,
  });
  const folder = join(list.folder, "dump");
  const lines = await runScript(scriptOf(options, list.path, ["--dump", folder]), line);
  const whole = lines.filter(({ file }) => !/\.\d+\.rgb$/.test(file));
  const found = await Promise.all(
    whole.map(async ({ file, ...rest }) => ({ ...rest, pixels: new Uint8Array(await readFile(join(folder, file))) })),
  );
  await list.remove();
  return found;
}

function scriptOf({ python, root }: LeRobotOptions, list: string, words: readonly string[]): Script {
  const name = "lerobot_loader.py";
  return {
    python,
    name,
    words: ["--root", root, "--samples", list, ...words],
    needs: "lerobot 0.3 (v2.1) or 0.6 (v3.0) and torchcodec",
  };
}

async function listOf(places: readonly Place[]) {
  const folder = await mkdtemp(join(tmpdir(), "armature-bench-"));
  const path = join(folder, "samples.json");
  await writeFile(path, JSON.stringify(places.map(({ episode, frame }) => [episode, frame])));
  return { folder, path, remove: () => rm(folder, { recursive: true }) };
}
