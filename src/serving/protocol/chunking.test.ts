import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { MessageValue } from "../../../client/message.ts";
import { loadLibav } from "../../dataset/libav.ts";
import { openDataset } from "../../dataset/read/open.ts";
import { type MicroRun, trainMicroRun } from "../../training/testing/micro-run.ts";
import { chunkingOf } from "../chunking.ts";
import { noRules } from "../guard.ts";
import { loadPolicy } from "../load.ts";
import type { LoadedPolicy } from "../policy.ts";
import { Recorder } from "../recording/recorder.ts";
import { recordableRobots } from "../recording/recording-source.ts";
import { replayRecording } from "../recording/replay.ts";
import { plainSessions, type SessionChoice } from "../served-session.ts";
import { PolicyController } from "../simulated.ts";
import { reachingRecipe } from "../testing/reaching.ts";
import { actionsOf, Client, message, seenPicture, seenState, startedFor } from "./testing/served.ts";

const hasLibav = (await loadLibav()) !== null;
const delayed = { ...reachingRecipe, policy: { ...reachingRecipe.policy, maxDelay: 3 } };
let run: MicroRun;
const policies = new Map<string, LoadedPolicy>();
beforeAll(async () => {
  run = await trainMicroRun(delayed, 1);
  for (const name of ["frozen", "guided"] as const)
    policies.set(name, await loadPolicy(run.folder, { robots: 1, machine: "as trained", chunking: chunkingOf(name) }));
});
afterAll(async () => {
  for (const policy of policies.values()) policy.release();
  await run.remove();
});

/** The robot's state at a step. */
const stateAt = (step: number) => seenState.map((value) => value + step / 50);

function sent(step: number, changes: Readonly<Record<string, MessageValue>>) {
  const state = Float64Array.from(stateAt(step));
  return message({
    "observation/state": { dtype: "<f8", shape: [2], bytes: new Uint8Array(state.buffer) },
    ...changes,
  });
}

/** What a client is sent for messages of its own making, one after the other. */
async function asked(
  policy: LoadedPolicy,
  sessions: Partial<SessionChoice>,
  messages: readonly (readonly [step: number, changes: Readonly<Record<string, MessageValue>>])[],
) {
  const server = await startedFor(policy, { sessions: { ...plainSessions, ...sessions } });
  const client = new Client(server, "/?seed=9");
  await client.next();
  const found: (number[] | string | null)[] = [];
  for (const [step, changes] of messages) {
    const reply = await client.ask(sent(step, changes));
    if (typeof reply === "string") found.push(reply);
    else found.push(reply.has("actions") ? actionsOf(reply) : null);
  }
  client.close();
  await server.stop();
  return found;
}

/** The chunks of a rollout that asks at these steps, so many steps before they are carried out; as they leave over the wire. */
async function rolledOut(policy: LoadedPolicy, delay: number, askedAt: readonly number[]): Promise<number[][]> {
  const [robot] = policy.robots;
  const controller = new PolicyController(policy, robot!, { environmentCount: 1, seed: 9, delay });
  controller.begin(0, 0);
  const chunks: number[][] = [];
  for (let step = 0; step <= askedAt.at(-1)!; step++) {
    const observed = { state: Float64Array.from(stateAt(step)), instruction: "reach" };
    controller.see(0, observed, new Map([["observation.images.top", seenPicture]]));
    if (!askedAt.includes(step)) continue;
    const [actions] = await controller.act([0]);
    chunks.push(actions!.flat().map(Math.fround));
  }
  return chunks;
}

describe.each(["frozen", "guided"] as const)("chunks that go on over the wire, %s", (name) => {
  it("are a rollout's of the same delay, to the bit, where frames between are only seen", async () => {
    const policy = policies.get(name)!;
    // A chunk of 6 steps, 3 of them carried out, asked for 2 steps before.
    const steps = [0, 1, 2, 3, 4, 5, 6, 7];
    const asks = [0, 1, 4, 7];
    const found = await asked(
      policy,
      { delay: 2 },
      steps.map((step) => [step, { act: asks.includes(step) }]),
    );
    expect(found.map((actions) => actions !== null)).toEqual(steps.map((step) => asks.includes(step)));
    const chunks = found.filter((actions) => actions !== null);
    expect(chunks).toEqual(await rolledOut(policy, 2, asks));
    if (name === "frozen") {
      // Steps 0 and 1 of each are those that the robot carries out meanwhile: 1 and 2, then 3 and 4, of the chunk before.
      for (const [at, past] of [1, 3, 3].entries()) {
        const apart = [0, 1, 2, 3].map((cell) => Number(chunks[at + 1]![cell]) - Number(chunks[at]![2 * past + cell]));
        for (const difference of apart) expect(Math.abs(difference)).toBeLessThan(1e-5);
      }
    }
  });

  it("follow what the client says it carried out and waits for, else the server's horizon and delay", async () => {
    const policy = policies.get(name)!;
    const said = { carried_out: 4, delay: 1 };
    const plain = await asked(policy, { delay: 0 }, [
      [0, {}],
      [4, {}],
    ]);
    const told = await asked(policy, { delay: 0 }, [
      [0, said],
      [4, said],
    ]);
    const given = await asked(policy, { delay: 1, horizon: 4 }, [
      [0, {}],
      [4, {}],
    ]);
    expect(given).toEqual(told);
    expect(told[0]).toEqual(plain[0]);
    expect(told[1]).not.toEqual(plain[1]);
  });
});

describe("a session", () => {
  it("goes on from what left the guard, not from what the policy said", async () => {
    const policy = policies.get("frozen")!;
    // The shoulder may be at 0.3 only.
    const limits = { low: Float64Array.of(0.3, -99), high: Float64Array.of(0.3, 99) };
    const server = await startedFor(policy, {
      rules: () => ({ ...noRules, limits }),
      sessions: { ...plainSessions, delay: 2 },
    });
    const acting = vi.spyOn(policy, "act");
    const client = new Client(server, "/?seed=9");
    await client.next();
    await client.ask(sent(0, {}));
    await client.ask(sent(1, {}));
    client.close();
    await server.stop();
    const answers = await Promise.all(acting.mock.results.map(({ value }) => value));
    acting.mockRestore();
    const [first, second] = answers.map(([{ actions }]) => actions.map(([shoulder]: readonly number[]) => shoulder));
    expect(first.every((value: number) => Math.abs(value - 0.3) > 1e-3)).toBe(true);
    // Its frozen steps are the clamped ones.
    for (const value of second.slice(0, 2)) expect(value).toBeCloseTo(0.3, 5);
  });

  it("heeds a measured delay of as many steps as its answers took, from message to reply", async () => {
    const policy = policies.get("guided")!;
    let calls = 0;
    // Four or five looks at the clock are 120 to 150 ms: two steps of 100 ms.
    const now = () => 30 * calls++;
    const server = await startedFor(policy, { sessions: { ...plainSessions, delay: "measured" }, now });
    const client = new Client(server, "/?seed=9");
    await client.next();
    const measured = [actionsOf(await client.ask(sent(0, {}))), actionsOf(await client.ask(sent(1, {})))];
    client.close();
    await server.stop();
    expect(policy.robots[0]!.stepsPerSecond).toBe(10);
    expect(measured).toEqual(
      await asked(policy, { delay: 2 }, [
        [0, {}],
        [1, {}],
      ]),
    );
    expect(measured).not.toEqual(
      await asked(policy, { delay: 1 }, [
        [0, {}],
        [1, {}],
      ]),
    );
  });

  it.skipIf(!hasLibav)("is recorded with how it went on, so that replay gives the same bits", async () => {
    const folder = await mkdtemp(join(tmpdir(), "armature-chunking-"));
    const policy = policies.get("guided")!;
    const safety = { limits: "off", learntFrom: "extremes", widenedBy: 0, given: {}, largestStep: null } as const;
    const written = { brokenAnswers: "refuse", chunking: "guided", safety, codec: "h264-lossless" } as const;
    const recorder = await Recorder.open({
      folder,
      robots: recordableRobots(policy, written),
      queueBytes: 1 << 20,
      began: 1000,
      log: () => {},
    });
    const server = await startedFor(policy, { recorder, sessions: { ...plainSessions, delay: 2 } });
    const client = new Client(server, "/?seed=9");
    await client.next();
    const chunks: number[][] = [];
    for (const [step, changes] of [{}, {}, { act: false }, { carried_out: 1 }, { reset: true }].entries()) {
      const reply = await client.ask(sent(step, changes));
      if (typeof reply !== "string" && reply.has("actions")) chunks.push(actionsOf(reply));
    }
    client.close();
    await client.closed;
    await server.stop();
    await recorder.close();
    const root = join(folder, "reaching-joint");
    expect(await replayRecording(root, null, () => {})).toMatchObject({ answers: 4, equal: 4, leftOut: 0 });
    const dataset = await openDataset(root, {
      name: "root",
      episodes: "all",
      taskAnnotation: "declared",
      pictureMemoryBytes: 0,
    });
    const { cells } = (await dataset.table(0)).vector("action");
    await dataset.close();
    // At each frame the robot carries out the first chunk, until a later one's two steps of delay are past.
    const [first, second] = chunks;
    expect([...cells]).toEqual([
      ...first!.slice(0, 2),
      ...first!.slice(2, 4),
      ...first!.slice(4, 6),
      ...second!.slice(4, 6),
    ]);
    await rm(folder, { recursive: true });
  });

  it("begins anew after a gap, or with another prompt, where it is told to", async () => {
    const policy = policies.get("guided")!;
    let at = 0;
    const replies = async (sessions: Partial<SessionChoice>, gapMs: number, prompt: string) => {
      const server = await startedFor(policy, { sessions: { ...plainSessions, ...sessions }, now: () => at });
      const client = new Client(server, "/?seed=9");
      await client.next();
      await client.ask(sent(0, {}));
      at += gapMs;
      const reply = actionsOf(await client.ask(sent(0, { prompt })));
      client.close();
      await server.stop();
      return reply;
    };
    const anew = async (prompt: string) =>
      (
        await asked(policy, {}, [
          [0, {}],
          [0, { prompt, reset: true }],
        ])
      )[1];
    const on = async (prompt: string) =>
      (
        await asked(policy, {}, [
          [0, {}],
          [0, { prompt }],
        ])
      )[1];
    expect(await replies({ resetAfterMs: 100 }, 101, "reach")).toEqual(await anew("reach"));
    expect(await replies({ resetAfterMs: 100 }, 100, "reach")).toEqual(await on("reach"));
    expect(await replies({ resetOnPrompt: true }, 0, "reach on")).toEqual(await anew("reach on"));
    expect(await replies({ resetOnPrompt: true }, 0, "reach")).toEqual(await on("reach"));
    expect(await replies({}, 1e6, "reach on")).toEqual(await on("reach on"));
    expect(await anew("reach on")).not.toEqual(await on("reach on"));
  });

  it("is told what is no number of steps, and no choice", async () => {
    const policy = policies.get("frozen")!;
    expect(await asked(policy, {}, [[0, { delay: -1 }]])).toEqual([
      '"delay": expected a whole number of steps from 0, got a number',
    ]);
    expect(await asked(policy, {}, [[0, { carried_out: "2" }]])).toEqual([
      '"carried_out": expected a whole number of steps from 0, got a string',
    ]);
    expect(await asked(policy, {}, [[0, { act: 1 }]])).toEqual(['"act": expected true or false, got a number']);
    const [, long] = await asked(policy, {}, [
      [0, {}],
      [1, { delay: 4 }],
    ]);
    expect(long).toContain("delay: expected at most policy.maxDelay (3), under which the policy was trained, got 4");
  });
});
