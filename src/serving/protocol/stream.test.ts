import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ActionQueue } from "../../../client/action-queue.ts";
import { ActionStream } from "../../../client/action-stream.ts";
import { LateSource } from "../../../client/examples/late-source.ts";
import type { Observation } from "../../../client/observation.ts";
import { PolicyClient } from "../../../client/policy-client.ts";
import { type MicroRun, trainMicroRun } from "../../training/testing/micro-run.ts";
import { type ChunkingName, chunkingOf } from "../chunking.ts";
import { noRules } from "../guard.ts";
import { loadPolicy } from "../load.ts";
import type { LoadedPolicy } from "../policy.ts";
import { plainSessions } from "../served-session.ts";
import { PolicyController } from "../simulated.ts";
import { reachingRecipe } from "../testing/reaching.ts";
import { pictureSide, pixels, seenPicture, seenState, startedFor } from "./testing/served.ts";

let run: MicroRun;
beforeAll(async () => {
  run = await trainMicroRun({ ...reachingRecipe, policy: { ...reachingRecipe.policy, maxDelay: 3 } }, 1);
});
afterAll(() => run.remove());

/** The robot's state at a step. */
const stateAt = (step: number) => seenState.map((value) => value + step / 50);
const picture = { height: pictureSide, width: pictureSide, pixels };
const observationAt = (step: number): Observation => ({
  state: stateAt(step),
  pictures: { camera: picture },
  prompt: "reach",
});
const execution = { execute: 3, delay: 2 };
const steps = 14;

/** What a rollout carries out, as it would leave over the wire. */
async function rolledOut(policy: LoadedPolicy): Promise<number[][]> {
  const controller = new PolicyController(policy, policy.robots[0]!, {
    environmentCount: 1,
    seed: 9,
    delay: execution.delay,
  });
  controller.begin(0, 0);
  const queue = new ActionQueue(execution);
  const taken: number[][] = [];
  for (let step = 0; step < steps; step++) {
    const observed = { state: Float64Array.from(stateAt(step)), instruction: "reach" };
    controller.see(0, observed, new Map([["observation.images.top", seenPicture]]));
    if (queue.asks) for (const chunk of await controller.act([0])) queue.put(chunk);
    taken.push(queue.take().map(Math.fround));
  }
  return taken;
}

/** What a client carries out whose answers come after so many steps. */
async function streamed(policy: LoadedPolicy, latency: number, delay: number | "measured") {
  const server = await startedFor(policy, {});
  const client = await PolicyClient.connect(`ws://127.0.0.1:${server.address.port}/?seed=9`);
  const source = new LateSource(client, latency);
  const stream = new ActionStream(source, { execute: execution.execute, delay, showsFrames: true });
  const taken: number[][] = [];
  for (let step = 0; step < steps; step++) {
    taken.push([...(await stream.next(() => observationAt(step)))]);
    await source.stepped();
  }
  client.close();
  await server.stop();
  return { taken, stream, told: client.metadata.longestDelay };
}

describe.each<[ChunkingName, number | null]>([
  ["none", null],
  ["frozen", 3],
  ["guided", null],
])("a client whose answers come late, of a server with chunks %s", (name, longest) => {
  it("carries out what a rollout of the same delay does, to the bit, and never waits", async () => {
    const policy = await loadPolicy(run.folder, { robots: 1, machine: "as trained", chunking: chunkingOf(name) });
    const { taken, stream, told } = await streamed(policy, execution.delay, execution.delay);
    expect(taken).toEqual(await rolledOut(policy));
    expect(stream.counts).toEqual({ chunks: 5, waited: 1, late: 0 });
    expect(told).toBe(longest);
    policy.release();
  });
});

it("a client that measures its delay knows after an answer or two how many steps those take", async () => {
  const policy = await loadPolicy(run.folder, { robots: 1, machine: "as trained", chunking: { kind: "frozen" } });
  const { stream } = await streamed(policy, 2, "measured");
  // More where the first one, which is waited for, took as long.
  expect(stream.delay).toBeGreaterThanOrEqual(2);
  expect(stream.delay).toBeLessThanOrEqual(3);
  policy.release();
});

describe("a server that averages chunks", () => {
  const smoothing = { decay: 0, grippers: false };
  let policy: LoadedPolicy;
  beforeAll(async () => {
    policy = await loadPolicy(run.folder, { robots: 1, machine: "as trained" });
  });
  afterAll(() => policy.release());

  /** What the policy says at the first frames of an episode by itself. */
  async function alone(episode: number, frames: number): Promise<(readonly (readonly number[])[])[]> {
    const session = policy.session(policy.robots[0]!, { seed: 9 });
    for (let past = 0; past < episode; past++) session.reset();
    const found: (readonly (readonly number[])[])[] = [];
    for (let frame = 0; frame < frames; frame++) {
      session.see({ state: stateAt(frame), pictures: { camera: seenPicture } });
      const [chunk] = await policy.act([session.ask("reach")]);
      found.push(chunk.actions);
    }
    return found;
  }

  it("gives each step the mean of the chunks that have it, until an episode begins", async () => {
    const server = await startedFor(policy, { sessions: { ...plainSessions, smoothing } });
    const client = await PolicyClient.connect(`ws://127.0.0.1:${server.address.port}/?seed=9`);
    const first = await client.infer(observationAt(0));
    const second = await client.infer(observationAt(1), { carriedOut: 2, delay: 0 });
    const anew = await client.infer({ ...observationAt(0), reset: true });
    client.close();
    await server.stop();
    const [own, next] = await alone(0, 2);
    const sent = (rows: readonly (readonly number[])[]) => rows.map((row) => row.map(Math.fround));
    expect(first.actions).toEqual(sent(own!));
    // Of six steps two are past: four are in both.
    const mean = next!.map((row, at) => row.map((value, dof) => (value + (own![at + 2]?.[dof] ?? value)) / 2));
    expect(second.actions).toEqual(sent(mean));
    expect(anew.actions).toEqual(sent((await alone(1, 1))[0]!));
  });

  it("averages before it keeps actions within their limits", async () => {
    const limits = { low: Float64Array.of(0.25, -99), high: Float64Array.of(0.25, 99) };
    const server = await startedFor(policy, {
      rules: () => ({ ...noRules, limits }),
      sessions: { ...plainSessions, smoothing },
    });
    const client = await PolicyClient.connect(`ws://127.0.0.1:${server.address.port}/?seed=9`);
    await client.infer(observationAt(0));
    const { actions, clamped } = await client.infer(observationAt(1));
    client.close();
    await server.stop();
    expect(actions.map(([shoulder]) => shoulder)).toEqual(Array(6).fill(0.25));
    expect(clamped).toBe(6);
  });
});
