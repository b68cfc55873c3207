import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { float32Array } from "../../../client/array.ts";
import type { MessageValue } from "../../../client/message.ts";
import { loadLibav } from "../../dataset/libav.ts";
import { openDataset } from "../../dataset/read/open.ts";
import { inspectDataset } from "../../dataset/read/validate.ts";
import { type MicroRun, trainMicroRun } from "../../training/testing/micro-run.ts";
import { chunkingOf } from "../chunking.ts";
import { loadPolicy } from "../load.ts";
import type { LoadedPolicy } from "../policy.ts";
import type { ServerOptions } from "../protocol/options.ts";
import type { RunningServer } from "../protocol/server.ts";
import { sharedOf } from "../protocol/shared.ts";
import { actionsOf, message, Client as OpenpiClient, servedOptions, startedFor } from "../protocol/testing/served.ts";
import { Recorder } from "../recording/recorder.ts";
import { recordableRobots } from "../recording/recording-source.ts";
import { replayRecording } from "../recording/replay.ts";
import { plainSessions, type SessionChoice } from "../served-session.ts";
import { reachingRecipe } from "../testing/reaching.ts";
import { frameKeys } from "./fit.ts";
import { RobotLink } from "./robot-link.ts";
import { cellsInPickle, LerobotRobot, observedAt, pickled } from "./testing/recorded-robot.ts";
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

type State = readonly [number, number];
/** At a step, as float32, which is what LeRobot's datasets hold. */
const stateAt = (step: number): State => [Math.fround(0.25 + step / 50), Math.fround(step / 50 - 0.5)];

interface LerobotFrame extends NonNullable<Parameters<typeof observedAt>[0]> {
  /** Whether its actions are fetched, or the observation is only sent. */
  readonly fetched?: boolean;
}

/** A robot of each wire on one server; each starts with the noise of seed 41. */
class Robots {
  readonly server: RunningServer;
  readonly lerobot: LerobotRobot;
  readonly openpi: OpenpiClient;

  private constructor(server: RunningServer) {
    this.server = server;
    this.lerobot = new LerobotRobot(server);
    this.openpi = new OpenpiClient(server, "/?seed=41");
  }

  static async on(
    sessions: Partial<SessionChoice>,
    changes: Partial<ServerOptions> & { readonly actionsPerChunk?: number } = {},
  ): Promise<Robots> {
    const { actionsPerChunk = 50, ...options } = changes;
    const lerobot = { port: 0, keys: frameKeys };
    const robots = new Robots(
      await startedFor(policy, { lerobot, sessions: { ...plainSessions, ...sessions }, ...options }),
    );
    await robots.openpi.next();
    const setup = pickled.setup.replace(
      "actions_per_chunk\x94K2",
      `actions_per_chunk\x94K${String.fromCharCode(actionsPerChunk)}`,
    );
    expect(await robots.lerobot.begins(encodeBytes(Buffer.from(setup, "latin1")))).toEqual(empty);
    return robots;
  }

  /** What a robot of LeRobot's client is given at a step. */
  async asks({ fetched = true, ...frame }: LerobotFrame): Promise<number[]> {
    const pieces = observedAt({ state: stateAt(frame.timestep ?? 0), ...frame });
    if (fetched) return cellsInPickle(await this.lerobot.asks(pieces));
    expect(await this.lerobot.send(pieces)).toEqual(empty);
    return [];
  }

  /** What a robot of openpi's is given at a step. */
  async infers(step: number, changes: Readonly<Record<string, MessageValue>> = {}): Promise<number[]> {
    const reply = await this.openpi.ask(message({ "observation/state": float32Array1(stateAt(step)), ...changes }));
    return typeof reply !== "string" && reply.has("seen") ? [] : actionsOf(reply);
  }

  async stop(): Promise<void> {
    this.lerobot.close();
    this.openpi.close();
    await this.openpi.closed;
    await this.server.stop();
  }
}

function float32Array1(row: State): MessageValue {
  const { dtype, bytes } = float32Array([row]);
  return { dtype, shape: [row.length], bytes };
}

describe("a robot of LeRobot's client whose chunks go on from those before them", () => {
  it("gets those of openpi's wire, to the bit, for what its time steps say that it carries out", async () => {
    const robots = await Robots.on({ delay: 2 });
    const found = [await robots.asks({ timestep: 0 }), await robots.asks({ timestep: 2 })];
    // A frame that need not go is seen and not answered: the same state as the last.
    await robots.asks({ timestep: 3, mustGo: false, state: stateAt(2), fetched: false });
    found.push(await robots.asks({ timestep: 5 }));
    const expected = [
      await robots.infers(0),
      await robots.infers(2, { carried_out: 2, delay: 2 }),
      await robots.infers(2, { act: false }),
      await robots.infers(5, { carried_out: 3, delay: 2 }),
    ];
    expect(found).toEqual(expected.filter((actions) => actions.length > 0));
    // Its first steps are those that the robot carries out meanwhile: steps 3 and 4 of the chunk before.
    for (const cell of [0, 1, 2, 3]) expect(found[2]![cell]).toBeCloseTo(found[1]![6 + cell]!, 5);
    await robots.stop();
  });

  it("waits at the last step that it was sent, and goes on from there", async () => {
    const robots = await Robots.on({ delay: 2 }, { actionsPerChunk: 2 });
    const found = [await robots.asks({ timestep: 0 }), await robots.asks({ timestep: 1 })];
    const expected = [await robots.infers(0), await robots.infers(1, { carried_out: 1, delay: 1 })];
    expect(found).toEqual(expected.map((actions) => actions.slice(0, 4)));
    await robots.stop();
  });

  it("is measured by the steps that it was seen to carry out while an answer was on its way", async () => {
    const robots = await Robots.on({ delay: "measured" }, { now: () => 5 });
    const found = [await robots.asks({ timestep: 0 })];
    await robots.asks({ timestep: 1, fetched: false });
    await robots.asks({ timestep: 3, mustGo: false, state: stateAt(1), fetched: false });
    found.push(cellsInPickle(await robots.lerobot.asks(observedAt({ timestep: 3, mustGo: false, state: stateAt(1) }))));
    found.push(await robots.asks({ timestep: 4 }));
    const seen = { act: false };
    await robots.infers(0);
    // The last answer before took no step, but one to the first step of its own answer.
    const second = await robots.infers(1, { carried_out: 1, delay: 1 });
    await robots.infers(1, seen);
    await robots.infers(1, seen);
    expect(found[1]).toEqual(second);
    expect(found[2]).toEqual(await robots.infers(4, { carried_out: 3, delay: 3 }));
    await robots.stop();
  });

  it("does not go on from an answer that nobody waited for, nor from one of before it began anew", async () => {
    const sessions = { ...plainSessions, delay: 2, resetOnPrompt: true };
    const link = new RobotLink({
      ...sharedOf(servedOptions(policy, { sessions })),
      frameKeys,
      number: 0,
      caller: "here",
    });
    link.ready();
    link.instruct(Buffer.from(pickled.setup, "latin1"));
    const see = (timestep: number, task = "reach") =>
      link.observe(decodePiece(observedAt({ timestep, task, state: stateAt(timestep) })[0]!).data);
    const given = async (signal = new AbortController().signal) =>
      cellsInPickle(Buffer.from(await link.actions(signal)).toString("latin1"));
    see(0);
    const gone = new AbortController();
    const lost = given(gone.signal);
    gone.abort();
    expect(await lost).toEqual([]);
    see(2);
    const running = given();
    see(3, "grasp");
    const found = [await running, await given()];
    await link.stop();
    const robots = await Robots.on({});
    await robots.infers(0, { act: false });
    expect(found[0]).toEqual(await robots.infers(2));
    expect(found[1]).toEqual(await robots.infers(3, { reset: true, prompt: "grasp" }));
    await robots.stop();
  });
});

describe("a robot of LeRobot's client begins anew", () => {
  /** What is given for the second frame, which comes so much later, and what the log says of it. */
  const second = async (sessions: Partial<SessionChoice>, gapMs: number, frame: LerobotFrame) => {
    let now = 0;
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    const robots = await Robots.on({ delay: 1, ...sessions }, { now: () => now, log });
    await robots.asks({ timestep: 3 });
    now += gapMs;
    const found = await robots.asks({ state: stateAt(3), ...frame });
    await robots.infers(3);
    const prompt = frame.task ?? "reach";
    const [anew, on] = [await robots.infers(3, { prompt, reset: true }), await robots.infers(3, { reset: true })];
    expect(on.length + anew.length).toBe(24);
    await robots.stop();
    return {
      isAnew: JSON.stringify(found) === JSON.stringify(anew),
      lines: lines.filter((line) => line.includes("begins anew")),
    };
  };

  it("after a gap, though its observation need not go", async () => {
    expect(await second({ resetAfterMs: 100 }, 101, { mustGo: false })).toEqual({
      isAnew: true,
      lines: ["connection 1: begins anew after 101 ms without a frame"],
    });
    expect(await second({ resetAfterMs: 100 }, 100, {})).toEqual({ isAnew: false, lines: [] });
  });

  it("with another prompt, where it is to", async () => {
    expect(await second({ resetOnPrompt: true }, 0, { task: "grasp", mustGo: false })).toEqual({
      isAnew: true,
      lines: ["connection 1: begins anew with another prompt"],
    });
    expect(await second({}, 0, { task: "grasp" })).toEqual({ isAnew: false, lines: [] });
  });

  it("where its time steps begin anew without Ready", async () => {
    expect(await second({}, 0, { timestep: 2, mustGo: false })).toEqual({
      isAnew: true,
      lines: ["connection 1: begins anew as its steps do, at 2"],
    });
  });
});

describe.skipIf(!hasLibav)("a server that records robots of both wires", () => {
  const safety = { limits: "off", learntFrom: "extremes", widenedBy: 0, given: {}, largestStep: null } as const;
  const written = { brokenAnswers: "refuse", chunking: "frozen", safety, codec: "h264-lossless" } as const;
  const recorderIn = (folder: string, queueBytes: number, log: (line: string) => void) =>
    Recorder.open({ folder, robots: recordableRobots(policy, written), queueBytes, began: 1000, log });

  it("writes what each saw and carried out, replays to the bit, and gives each what it gets alone", async () => {
    const folder = await mkdtemp(join(tmpdir(), "armature-wires-"));
    const recorder = await recorderIn(folder, 1 << 20, () => {});
    const both = await Robots.on({ delay: 2 }, { recorder });
    const lerobot: LerobotFrame[] = [
      { timestep: 0, fetched: false },
      { timestep: 0, mustGo: false },
      { timestep: 2 },
      { timestep: 3, mustGo: false, state: stateAt(2), fetched: false },
    ];
    const openpi = [7, 8, 9, 10];
    const found: number[][][] = [[], []];
    for (const [at, frame] of lerobot.entries()) {
      const [one, other] = await Promise.all([both.asks(frame), both.infers(openpi[at]!)]);
      found[0]!.push(one);
      found[1]!.push(other);
    }
    await both.stop();
    await recorder.close();
    expect(recorder.counts).toEqual({ written: 8, leftOut: 0, isRecording: true });

    const alone = await Robots.on({ delay: 2 });
    for (const [at, frame] of lerobot.entries()) expect(found[0]![at]).toEqual(await alone.asks(frame));
    for (const [at, step] of openpi.entries()) expect(found[1]![at]).toEqual(await alone.infers(step));
    await alone.stop();

    const root = join(folder, "reaching-joint");
    const { problems, episodes, frames } = await inspectDataset(root, "recorded", () => {}, "ends");
    expect({ problems, episodes, frames }).toEqual({ problems: [], episodes: 2, frames: 8 });
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
    const acts = [first!.slice(0, 2), first!.slice(0, 2), first!.slice(6, 8), chunk!.slice(4, 6)];
    expect([...own.vector("action").cells]).toEqual(acts.flat());
    expect([...own.vector("observation.state").cells.subarray(4, 6)]).toEqual([...stateAt(2)]);
    await dataset.close();
    await rm(folder, { recursive: true });
  });

  it("does not hold more frames of a robot that never fetches its actions than may wait", async () => {
    const folder = await mkdtemp(join(tmpdir(), "armature-wires-"));
    const lines: string[] = [];
    // Two pictures of 16 × 16 · 3 bytes.
    const recorder = await recorderIn(folder, 1600, (line) => lines.push(line));
    const robots = await Robots.on({}, { recorder });
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
