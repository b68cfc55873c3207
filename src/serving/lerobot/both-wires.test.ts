import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MicroRun, trainMicroRun } from "../../training/testing/micro-run.ts";
import { chunkingOf } from "../chunking.ts";
import { loadPolicy } from "../load.ts";
import type { LoadedPolicy } from "../policy.ts";
import { sharedOf } from "../protocol/shared.ts";
import { servedOptions } from "../protocol/testing/served.ts";
import { plainSessions, type SessionChoice } from "../served-session.ts";
import { reachingRecipe } from "../testing/reaching.ts";
import { frameKeys } from "./fit.ts";
import { RobotLink } from "./robot-link.ts";
import { type LerobotFrame, RobotPair, stateAt } from "./testing/both-wires.ts";
import { cellsInPickle, observedAt, pickled } from "./testing/recorded-robot.ts";
import { decodePiece } from "./wire.ts";

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

describe("a robot of LeRobot's client whose chunks go on from those before them", () => {
  it("gets those of openpi's wire, to the bit, for what its time steps say that it carries out", async () => {
    const robots = await RobotPair.on(policy, { delay: 2 });
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

  it("has them averaged as on openpi's wire, where that is asked for, and is told to average nothing itself", async () => {
    const lines: string[] = [];
    const smoothing = { decay: 0.1, grippers: true };
    const robots = await RobotPair.on(policy, { smoothing }, { log: (line) => lines.push(line) });
    expect(lines).toContainEqual(
      expect.stringMatching(/^run LeRobot's client with .*: --chunking and --smooth take a/),
    );
    const found = [await robots.asks({ timestep: 0 }), await robots.asks({ timestep: 4 })];
    const averaged = [await robots.infers(0), await robots.infers(4, { carried_out: 4, delay: 0 })];
    expect(found).toEqual(averaged);
    await robots.stop();
    const plain = await RobotPair.on(policy, {});
    expect(await plain.infers(0)).toEqual(averaged[0]);
    const alone = await plain.infers(4, { carried_out: 4, delay: 0 });
    // Two steps of the first chunk are left when the second comes; its others are its own.
    const changed = alone.map((cell, at) => cell !== averaged[1]![at]);
    expect(changed).toEqual([true, true, true, true, ...new Array(8).fill(false)]);
    await plain.stop();
  });

  it("waits at the last step that it was sent, and goes on from there", async () => {
    const robots = await RobotPair.on(policy, { delay: 2 }, { actionsPerChunk: 2 });
    const found = [await robots.asks({ timestep: 0 }), await robots.asks({ timestep: 1 })];
    const expected = [await robots.infers(0), await robots.infers(1, { carried_out: 1, delay: 1 })];
    expect(found).toEqual(expected.map((actions) => actions.slice(0, 4)));
    await robots.stop();
  });

  it("is measured by the steps that it was seen to carry out while an answer was on its way", async () => {
    const robots = await RobotPair.on(policy, { delay: "measured" }, { now: () => 5 });
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
    const robots = await RobotPair.on(policy, {});
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
    const robots = await RobotPair.on(policy, { delay: 1, ...sessions }, { now: () => now, log });
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
