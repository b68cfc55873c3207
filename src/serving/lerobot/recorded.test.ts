import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { loadLibav } from "../../dataset/libav.ts";
import { openDataset } from "../../dataset/read/open.ts";
import { inspectDataset } from "../../dataset/read/validate.ts";
import { type MicroRun, trainMicroRun } from "../../training/testing/micro-run.ts";
import { chunkingOf } from "../chunking.ts";
import { loadPolicy } from "../load.ts";
import type { LoadedPolicy } from "../policy.ts";
import { sharedOf } from "../protocol/shared.ts";
import { servedOptions } from "../protocol/testing/served.ts";
import { Recorder } from "../recording/recorder.ts";
import { recordableRobots } from "../recording/recording-source.ts";
import { replayRecording } from "../recording/replay.ts";
import { reachingRecipe } from "../testing/reaching.ts";
import { frameKeys } from "./fit.ts";
import { RobotLink } from "./robot-link.ts";
import { type LerobotFrame, RobotPair, stateAt } from "./testing/both-wires.ts";
import { observedAt, pickled } from "./testing/recorded-robot.ts";
import { decodePiece, empty, encodeBytes } from "./wire.ts";

const hasLibav = (await loadLibav()) !== null;
let run: MicroRun;
let policy: LoadedPolicy;
beforeAll(async () => {
  run = await trainMicroRun({ ...reachingRecipe, policy: { ...reachingRecipe.policy, maxDelay: 3 } }, 1);
  policy = await loadPolicy(run.folder, { robots: 1, machine: "as trained", chunking: chunkingOf("frozen") });
});
afterAll(async () => {
  policy.release();
  await run.remove();
});

describe.skipIf(!hasLibav)("a server that records robots of both wires", () => {
  const safety = { limits: "off", learntFrom: "extremes", widenedBy: 0, given: {}, largestStep: null } as const;
  const written = { brokenAnswers: "refuse", chunking: "frozen", safety, codec: "h264-lossless" } as const;
  const recorderIn = (folder: string, queueBytes: number, log: (line: string) => void) =>
    Recorder.open({ folder, robots: recordableRobots(policy, written), queueBytes, began: 1000, log });

  it("writes what each saw and carried out, replays to the bit, and gives each what it gets alone", async () => {
    const folder = await mkdtemp(join(tmpdir(), "armature-wires-"));
    const recorder = await recorderIn(folder, 1 << 20, () => {});
    const lines: string[] = [];
    const both = await RobotPair.on(policy, { delay: 2 }, { recorder, log: (line) => lines.push(line) });
    expect(lines).toContain(
      "run LeRobot's client with --aggregate_fn_name=latest_only: --chunking and --record take a robot to carry out what it is sent, not averages of it",
    );
    const lerobot: LerobotFrame[] = [
      { timestep: 0, fetched: false },
      { timestep: 0, mustGo: false },
      { timestep: 2 },
      { timestep: 3, mustGo: false, state: stateAt(2), fetched: false },
      { timestep: 4, fetched: false },
    ];
    const openpi = [7, 8, 9, 10, 11];
    // The first frame of openpi's robot is only seen.
    const infers = (pair: RobotPair, at: number) => pair.infers(openpi[at]!, at === 0 ? { act: false } : {});
    const found: number[][][] = [[], []];
    for (const [at, frame] of lerobot.entries()) {
      const [one, other] = await Promise.all([both.asks(frame), infers(both, at)]);
      found[0]!.push(one);
      found[1]!.push(other);
    }
    // A frame that is not answered waits for nothing; the last waits for its answer, which nobody fetches.
    await vi.waitFor(() => expect(recorder.counts.written).toBe(9), 20_000);
    await both.stop();
    await recorder.close();
    expect(recorder.counts).toEqual({ written: 10, leftOut: 0, isRecording: true });

    const alone = await RobotPair.on(policy, { delay: 2 });
    for (const [at, frame] of lerobot.entries()) expect(found[0]![at]).toEqual(await alone.asks(frame));
    for (const at of openpi.keys()) expect(found[1]![at]).toEqual(await infers(alone, at));
    await alone.stop();

    const root = join(folder, "reaching-joint");
    const { problems, episodes, frames } = await inspectDataset(root, "recorded", () => {}, "ends");
    expect({ problems, episodes, frames }).toEqual({ problems: [], episodes: 2, frames: 10 });
    expect(await replayRecording(root, null, () => {})).toMatchObject({
      sessions: 2,
      answers: 6,
      equal: 6,
      leftOut: 0,
    });
    const choice = { name: "root", episodes: "all", taskAnnotation: "declared", pictureMemoryBytes: 0 } as const;
    const dataset = await openDataset(root, choice);
    const tables = await Promise.all([0, 1].map((episode) => dataset.table(episode)));
    const own = tables.find((table) => table.vector("served.request").cells[1] === 1)!;
    const [, first, chunk] = found[0]!;
    // It stands still up to its first answer; after time step 2 it carries out step 3 of that, and then step 4 − 2 of the second.
    const acts = [first!.slice(0, 2), first!.slice(0, 2), first!.slice(6, 8), chunk!.slice(4, 6), chunk!.slice(6, 8)];
    expect([...own.vector("action").cells]).toEqual(acts.flat());
    expect([...own.vector("observation.state").cells.subarray(4, 6)]).toEqual([...stateAt(2)]);
    const other = tables.find((table) => table !== own)!;
    expect([...other.vector("action").cells.subarray(0, 2)]).toEqual(found[1]![1]!.slice(0, 2));
    await dataset.close();
    await rm(folder, { recursive: true });
  });

  it("keeps the sessions of one connection apart, whose robot asks for other noise and then for the same again", async () => {
    const folder = await mkdtemp(join(tmpdir(), "armature-wires-"));
    const recorder = await recorderIn(folder, 1 << 20, () => {});
    const robots = await RobotPair.on(policy, {}, { recorder });
    const found = [await robots.asks({ timestep: 0 })];
    for (const seed of [42, 41]) {
      const setup = pickled.setup.replace("?seed=41", `?seed=${seed}`);
      expect(await robots.lerobot.begins(encodeBytes(Buffer.from(setup, "latin1")))).toEqual(empty);
      found.push(await robots.asks({ timestep: 0 }));
    }
    expect(found[0]).toEqual(found[2]);
    expect(found[0]).not.toEqual(found[1]);
    await robots.stop();
    await recorder.close();
    expect(await replayRecording(join(folder, "reaching-joint"), null, () => {})).toMatchObject({
      sessions: 3,
      answers: 3,
      equal: 3,
      leftOut: 0,
    });
    await rm(folder, { recursive: true });
  });

  it("writes an answer beside the frame that asked, though others came while it was on its way", async () => {
    const folder = await mkdtemp(join(tmpdir(), "armature-wires-"));
    const recorder = await recorderIn(folder, 1 << 20, () => {});
    const link = new RobotLink({
      ...sharedOf(servedOptions(policy, { recorder })),
      frameKeys,
      number: 0,
      caller: "here",
    });
    link.ready();
    link.instruct(Buffer.from(pickled.setup, "latin1"));
    const see = (timestep: number, mustGo: boolean) =>
      link.observe(decodePiece(observedAt({ timestep, mustGo })[0]!).data);
    for (const timestep of [0, 2]) {
      see(timestep, true);
      const running = link.actions(new AbortController().signal);
      see(timestep + 1, false);
      expect((await running).length).toBeGreaterThan(1000);
    }
    await link.stop();
    await recorder.close();
    expect(recorder.counts).toEqual({ written: 4, leftOut: 0, isRecording: true });
    expect(await replayRecording(join(folder, "reaching-joint"), null, () => {})).toMatchObject({
      answers: 2,
      equal: 2,
    });
    await rm(folder, { recursive: true });
  });

  it("does not hold more frames of a robot that never fetches its actions than may wait", async () => {
    const folder = await mkdtemp(join(tmpdir(), "armature-wires-"));
    const lines: string[] = [];
    // Two pictures of 16 × 16 · 3 bytes.
    const recorder = await recorderIn(folder, 1600, (line) => lines.push(line));
    const robots = await RobotPair.on(policy, {}, { recorder });
    for (const timestep of [0, 0, 0]) await robots.asks({ timestep, fetched: false });
    expect(lines).toEqual([expect.stringMatching(/at most 1600 bytes, got more; session 1 is recorded again from/)]);
    expect(recorder.counts.leftOut).toBe(1);
    expect((await robots.asks({ timestep: 0 })).length).toBe(12);
    // Its next episode is recorded; it ends without an answer, so that nobody knows what the robot carried out.
    await robots.lerobot.begins();
    await robots.asks({ timestep: 0, fetched: false });
    await robots.stop();
    await recorder.close();
    expect(recorder.counts).toEqual({ written: 2, leftOut: 3, isRecording: true });
    await rm(folder, { recursive: true });
  });
});
