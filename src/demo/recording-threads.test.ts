import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readState } from "../dataset/write/recording-state.ts";
import { findRobot } from "../simulation/robots.ts";
import { newStopCell } from "../stop-cell.ts";
import { recordShare } from "./recording-share.ts";
import { recordShares } from "./recording-threads.ts";

const scratch = await mkdtemp(join(tmpdir(), "armature-recording-threads-"));
afterAll(() => rm(scratch, { recursive: true }));

const choice = { version: "v3.0", codec: "h264", seed: 5, stepsAfterSuccess: 0 } as const;

function share(name: string, folder: string, episodes: number) {
  const options = { ...findRobot(name).defaults, observation: "state", distractors: 0 } as const;
  return { name, options, choice, episodes, folder: join(scratch, folder) };
}

const table = (folder: string) => readFile(join(scratch, folder, "data/chunk-000/file-000.parquet"));

it("records in threads what one records alone, and tells of all together", async () => {
  const told: [episodes: number, frames: number][] = [];
  const [reacher, pusher] = await recordShares([share("reacher", "reacher", 3), share("pusher", "pusher", 2)], {
    recorded: (...far) => told.push(far),
    isStopped: () => false,
  });
  expect([reacher!.episodes, pusher!.episodes, told.length]).toEqual([3, 2, 5]);
  expect(told.at(-1)).toEqual([5, reacher!.frames + pusher!.frames]);
  const alone = await recordShare({ ...share("reacher", "alone", 3), stop: newStopCell() }, () => {});
  expect(alone).toEqual(reacher);
  expect(await table("alone")).toEqual(await table("reacher"));
});

it("leaves whole episodes, to be gone on with, where it is stopped", async () => {
  let isStopped = false;
  const found = await recordShares([share("reacher", "stopped", 5000), share("pusher", "stopped too", 5000)], {
    recorded: () => {
      isStopped = true;
    },
    isStopped: () => isStopped,
  });
  expect(found.map((each) => each.isInterrupted)).toEqual([true, true]);
  expect((await readState(join(scratch, "stopped")))?.episodes).toBe(found[0]!.episodes);
});

it("says what is wrong with a folder, and lets no other thread go on", async () => {
  await mkdir(join(scratch, "full"));
  await writeFile(join(scratch, "full/notes.txt"), "mine");
  const watcher = { recorded: () => {}, isStopped: () => false };
  await expect(recordShares([share("reacher", "full", 2), share("pusher", "other", 5000)], watcher)).rejects.toThrow(
    "expected a new or empty folder, got one with notes.txt",
  );
  expect((await readState(join(scratch, "other")))?.isFinished).toBe(false);
});
