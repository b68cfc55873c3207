import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { encodeMessage, type MessageValue } from "../../../client/message.ts";
import { loadLibav } from "../../dataset/libav.ts";
import { openDataset } from "../../dataset/read/open.ts";
import { inspectDataset } from "../../dataset/read/validate.ts";
import { rulesOf } from "../action-rules.ts";
import { actionsOf, Client, message, pixels, Served, seenState, startedFor } from "../protocol/testing/served.ts";
import type { ServedRobot } from "../robot.ts";
import { recordedSessions } from "./recorded-session.ts";
import { Recorder } from "./recorder.ts";
import { recordableRobots } from "./recording-source.ts";
import { RecordingStore } from "./recording-store.ts";
import { recordingsIn, replayRecording } from "./replay.ts";

const hasLibav = (await loadLibav()) !== null;
let served: Served;
let scratch: string;
beforeAll(async () => {
  served = await Served.start();
  scratch = await mkdtemp(join(tmpdir(), "armature-served-"));
});
afterAll(async () => {
  await served.stop();
  await rm(scratch, { recursive: true });
});

const safety = { limits: "clamp", learntFrom: "extremes", widenedBy: 0.1, given: {}, largestStep: null } as const;
const server = { brokenAnswers: "refuse", chunking: "none", safety, codec: "h264-lossless" } as const;

const rules = (robot: ServedRobot) => rulesOf(robot, safety);

let began = 1_000;

async function recorderIn(folder: string, changes: { readonly queueBytes?: number } = {}) {
  const lines: string[] = [];
  const recorder = await Recorder.open({
    folder,
    robots: recordableRobots(served.policy, server),
    queueBytes: 1 << 20,
    began: ++began,
    log: (line) => lines.push(line),
    ...changes,
  });
  return { recorder, lines };
}

/** An observation whose state is no float32 and whose picture is another one for each number. */
function seen(number: number, changes: Readonly<Record<string, MessageValue>> = {}) {
  const state = Float64Array.from(seenState, (value) => value + number / 30);
  return message({
    "observation/state": { dtype: "<f8", shape: [2], bytes: new Uint8Array(state.buffer) },
    "observation/images/camera": { dtype: "|u1", shape: [16, 16, 3], bytes: pixels.map((cell) => cell + 17 * number) },
    ...changes,
  });
}

/** Once it holds, on a busy machine too. */
const soon = (holds: () => void) => vi.waitFor(holds, 20_000);

const choice = { name: "recorded", episodes: "all", taskAnnotation: "declared", pictureMemoryBytes: 0 } as const;

describe.skipIf(!hasLibav)("a server that records", () => {
  it("writes each session's episodes, to the bit, and replay finds every answer equal", async () => {
    const folder = join(scratch, "two");
    const { recorder, lines } = await recorderIn(folder);
    const own = await startedFor(served.policy, { recorder, rules });
    const [one, other] = [new Client(own, "/?seed=3"), new Client(own, "/?seed=4")];
    await Promise.all([one.next(), other.next()]);
    const first: number[][] = [];
    for (const number of [0, 1, 2]) {
      first.push(actionsOf(await one.ask(seen(number))));
      await other.ask(
        seen(number, { prompt: "reach on", "observation/images/camera": number === 1 ? null : pictureAt(number) }),
      );
    }
    await one.ask(seen(3, { reset: true }));
    for (const client of [one, other]) {
      client.close();
      await client.closed;
    }
    await own.stop();
    await recorder.close();
    expect(lines).toEqual([]);
    expect(recorder.counts).toEqual({ written: 7, leftOut: 0, isRecording: true });
    expect(await readdir(folder)).toEqual(["reaching-joint"]);
    const [root] = await recordingsIn(folder);
    const { problems } = await inspectDataset(root!, "recorded", () => {}, "ends");
    expect(problems).toEqual([]);
    const dataset = await openDataset(root!, choice);
    expect([dataset.framesPerSecond, dataset.robotType]).toEqual([served.policy.robots[0]!.framesPerSecond, "reacher"]);
    expect(dataset.episodes.map(({ length }) => length).sort()).toEqual([1, 3, 3]);
    const table = await dataset.table(0);
    expect(table.tasks).toEqual(["reach", "reach", "reach"]);
    expect([...table.vector("action").cells]).toEqual(first.flatMap((actions) => actions.slice(0, 2)));
    expect([...table.vector("observation.state").cells.subarray(2, 4)]).toEqual(
      seenState.map((value) => Math.fround(value + 1 / 30)),
    );
    await dataset.close();
    const replayed = await replayRecording(root!, null, () => {});
    expect(replayed).toMatchObject({ sessions: 3, answers: 7, equal: 7, refused: 0, leftOut: 0, isSame: true });
    expect(replayed.dofs.map(({ greatest }) => greatest)).toEqual([0, 0]);
  });

  it("answers as before where the disk is too slow, and leaves out the rest of that episode", async () => {
    // Room for one frame of 16 × 16 · 3 + 6 · 2 · 8 bytes.
    const { recorder, lines } = await recorderIn(join(scratch, "slow"), { queueBytes: 900 });
    const own = await startedFor(served.policy, { recorder, rules });
    const client = new Client(own, "/?seed=3");
    await client.next();
    // All at once: nothing is written between the first frame and the next ones.
    for (const number of [0, 1, 2]) client.send(encodeMessage(seen(number)));
    const acts = [await client.next(), await client.next(), await client.next()].map(
      (reply) => actionsOf(reply).length,
    );
    expect(acts).toEqual([12, 12, 12]);
    await soon(() => expect(recorder.counts.leftOut).toBeGreaterThan(0));
    const { written, leftOut } = recorder.counts;
    expect(lines).toEqual([
      "recording: expected frames that wait for their answers and for the disk to take at most 900 bytes, got more; session 0 is recorded again from its next episode on",
    ]);
    await soon(() => expect(recorder.counts.written).toBe(3 - leftOut));
    await client.ask(seen(3, { reset: true }));
    client.close();
    await client.closed;
    await own.stop();
    await recorder.close();
    expect(written).toBeLessThan(3);
    expect(recorder.counts).toEqual({ written: 3 - leftOut + 1, leftOut, isRecording: true });
    const [root] = await recordingsIn(join(scratch, "slow"));
    expect(await replayRecording(root!, null, () => {})).toMatchObject({
      answers: 4 - leftOut,
      equal: 4 - leftOut,
      leftOut: 0,
    });
  });

  it("stops recording in one line where writing fails, and answers as before", async () => {
    const folder = join(scratch, "failing");
    const { recorder, lines } = await recorderIn(folder);
    const own = await startedFor(served.policy, { recorder, rules });
    const client = new Client(own, "/?seed=3");
    await client.next();
    // As where a disk is gone: a file stands in place of the folder.
    await rm(folder, { recursive: true });
    await writeFile(folder, "");
    await client.ask(seen(0));
    await soon(() => expect(recorder.counts.isRecording).toBe(false));
    expect(lines).toEqual([expect.stringMatching(/^recording stopped: .*; robots are answered as before$/)]);
    expect(actionsOf(await client.ask(seen(1)))).toHaveLength(12);
    const page = await (await fetch(`http://127.0.0.1:${own.address.port}/metrics`)).text();
    expect(page).toContain("\narmature_recording 0\n");
    expect(page).toContain("\narmature_unrecorded_frames_total 2\n");
    client.close();
    await client.closed;
    await own.stop();
    await recorder.close();
    expect(lines).toHaveLength(1);
  });
});

describe.skipIf(!hasLibav)("a recording", () => {
  it("is asked again up to the first hole of each session, and not where a session's beginning is missing", async () => {
    const folder = join(scratch, "holes");
    const store = new RecordingStore(folder, recordableRobots(served.policy, server), 99);
    const add = (session: number, frame: number) =>
      store.add(session, 0, {
        key: { server: 1, session, seed: 1, episode: 0, frame },
        time: 0,
        state: [0, 0],
        action: [0, 0],
        task: "reach",
        pictures: [["observation.images.top", null]],
        answer: {
          asked: frame,
          waiting: frame === 0 ? null : { delay: 0, carriedOut: 0 },
          actions: Array.from({ length: 6 }, () => [frame, 0]),
        },
      });
    for (const frame of [0, 1, 3]) await add(0, frame);
    await add(1, 2);
    await store.close();
    const dataset = await openDataset(join(folder, "reaching-joint"), choice);
    const { sessions, answers, leftOut } = await recordedSessions(dataset, served.policy.robots[0]!);
    await dataset.close();
    expect([sessions.length, answers, leftOut]).toEqual([1, 2, 2]);
    expect(sessions[0]!.frames.map(({ row }) => row)).toEqual([0, 1]);
    expect([...sessions[0]!.answers.values()].map(({ waiting }) => waiting)).toEqual([
      null,
      { delay: 0, carriedOut: 0 },
    ]);
    expect([...sessions[0]!.answers.values()].map(({ actions }) => actions[0])).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  it("is of one server at a time", async () => {
    const folder = join(scratch, "claimed");
    await mkdir(folder);
    await writeFile(join(folder, ".server"), String(process.ppid));
    await expect(recorderIn(folder)).rejects.toThrow(
      `--record: expected a folder of its own for each server, got ${folder}, into which process ${process.ppid} writes`,
    );
    await expect(recorderIn(join(folder, ".server", "below"))).rejects.toThrow(
      /^--record: expected a folder that can be written, got /,
    );
  });

  it("of a server that is killed is whole up to its last episode, and the next server goes on with it", async () => {
    const folder = join(scratch, "killed");
    const first = await servedByProcess(folder);
    const [done, running] = [new Client(first, "/?seed=3"), new Client(first, "/?seed=4")];
    await Promise.all([done.next(), running.next()]);
    for (const number of [0, 1]) {
      await done.ask(seen(number));
      await running.ask(seen(number));
    }
    await done.ask(seen(2, { reset: true }));
    const root = join(folder, "reaching-joint");
    await vi.waitFor(
      async () => expect(JSON.parse(await readFile(join(root, "meta/info.json"), "utf8")).total_episodes).toBe(1),
      20_000,
    );
    first.process.kill("SIGKILL");
    await once(first.process, "exit");
    const { problems, episodes, frames } = await inspectDataset(root, "recorded", () => {}, "ends");
    expect({ problems, episodes, frames }).toEqual({ problems: [], episodes: 1, frames: 2 });
    expect(await replayRecording(root, null, () => {})).toMatchObject({ answers: 2, equal: 2, leftOut: 0 });
    const second = await servedByProcess(folder);
    const client = new Client(second, "/?seed=5");
    await client.next();
    await client.ask(seen(4));
    second.process.kill("SIGTERM");
    await once(second.process, "exit");
    expect(await readdir(folder)).toEqual(["reaching-joint"]);
    expect(await replayRecording(root, null, () => {})).toMatchObject({
      sessions: 2,
      answers: 3,
      equal: 3,
      leftOut: 0,
    });
  }, 120_000);
});

/** `armature serve --record` in a process of its own, once it listens. */
async function servedByProcess(folder: string) {
  const command = ["src/command/main.ts", "serve", served.policy.checkpoint, "--port", "0", "--record", folder];
  const child = spawn(process.execPath, command, {
    cwd: join(import.meta.dirname, "../../.."),
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  const port = await new Promise<number>((resolve, reject) => {
    child.stderr.on("data", (data: Buffer) => {
      said += data.toString();
      const found = /listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(said);
      if (found !== null) resolve(Number(found[1]));
    });
    child.once("exit", () => reject(new Error(said)));
  });
  return { process: child, address: { port } };
}

function pictureAt(number: number): MessageValue {
  return { dtype: "|u1", shape: [16, 16, 3], bytes: pixels.map((cell) => cell + 17 * number) };
}
