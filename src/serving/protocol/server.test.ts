import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ActionSampler } from "../../objective/sample.ts";
import { trainMicroRun } from "../../training/testing/micro-run.ts";
import { loadPolicy } from "../load.ts";
import { reachingRecipe } from "../testing/reaching.ts";
import { ownKeys } from "./keys.ts";
import type { RunningServer } from "./server.ts";
import {
  actionsOf,
  Client,
  message,
  pictureSide,
  pixels,
  Served,
  seenPicture,
  seenState,
  startedFor,
  timesOf,
} from "./testing/served.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served.stop());

describe("a client that asks as openpi's does", () => {
  it("is first told what the policy is, then given the actions that a session of the same seed gives, to the bit", async () => {
    const client = new Client(served.server, "/?seed=41");
    const metadata = await client.next();
    expect(metadata).toBeInstanceOf(Map);
    if (typeof metadata === "string") return;
    expect(Object.fromEntries(metadata)).toMatchObject({
      policy: "pi0",
      robot: "reacher",
      action_names: ["shoulder", "elbow"],
    });
    const session = served.policy.session(served.policy.robots[0]!, { seed: 41 });
    for (const frame of [0, 1]) {
      const reply = await client.ask(message({}));
      session.see({ state: seenState, pictures: { camera: seenPicture } });
      const [chunk] = await served.policy.act([session.ask("reach")]);
      expect(actionsOf(reply), `frame ${frame}`).toEqual(chunk.actions.flat().map(Math.fround));
      if (typeof reply === "string") continue;
      expect(reply.get("actions")).toMatchObject({ dtype: "<f4", shape: [6, 2] });
      expect([...timesOf(reply, "policy_timing").keys()]).toEqual(["infer_ms"]);
      expect(timesOf(reply, "server_timing").has("prev_total_ms")).toBe(frame === 1);
    }
    client.close();
  });

  it("begins anew where it says so, as a session that is reset", async () => {
    const client = new Client(served.server, "/?seed=41");
    await client.next();
    const [first, second] = [await client.ask(message({})), await client.ask(message({ reset: true }))];
    const session = served.policy.session(served.policy.robots[0]!, { seed: 41 });
    session.reset();
    session.see({ state: seenState, pictures: { camera: seenPicture } });
    const [chunk] = await served.policy.act([session.ask("reach")]);
    expect(actionsOf(second)).toEqual(chunk.actions.flat().map(Math.fround));
    expect(actionsOf(first)).not.toEqual(actionsOf(second));
    client.close();
  });
});

describe("a server", () => {
  it("reads a picture whose channels come first as the same picture", async () => {
    const first = new Uint8Array(pixels.length);
    for (let pixel = 0; pixel < pictureSide * pictureSide; pixel++)
      for (let channel = 0; channel < 3; channel++)
        first[channel * pictureSide * pictureSide + pixel] = pixels[3 * pixel + channel]!;
    const found: number[][] = [];
    for (const picture of [
      { dtype: "|u1", shape: [pictureSide, pictureSide, 3], bytes: pixels },
      { dtype: "|u1", shape: [3, pictureSide, pictureSide], bytes: first },
    ]) {
      const client = new Client(served.server, "/?seed=3");
      await client.next();
      found.push(actionsOf(await client.ask(message({ "observation/images/camera": picture }))));
      client.close();
      await client.closed;
    }
    expect(found[1]).toEqual(found[0]);
  });

  it("reads the tokens of a prompt as the prompt, for weights that came without their tokenizer", async () => {
    // Byte b is token b + 2, behind the token that begins.
    const tokens = Int32Array.of(1, ...[..."reach"].map((letter) => letter.charCodeAt(0) + 2));
    const found: number[][] = [];
    for (const prompt of ["reach", { dtype: "<i4", shape: [tokens.length], bytes: new Uint8Array(tokens.buffer) }]) {
      const client = new Client(served.server, "/?seed=3");
      await client.next();
      found.push(actionsOf(await client.ask(message({ prompt }))));
      client.close();
      await client.closed;
    }
    expect(found[1]).toEqual(found[0]);
  });

  it("gives clients that ask at the same time what each is given alone", async () => {
    const ask = async (seed: number, shift: number) => {
      const client = new Client(served.server, `/?seed=${seed}`);
      await client.next();
      const moved = Float64Array.from(seenState, (value) => value + shift);
      const reply = await client.ask(
        message({ "observation/state": { dtype: "<f8", shape: [2], bytes: new Uint8Array(moved.buffer) } }),
      );
      client.close();
      await client.closed;
      return actionsOf(reply);
    };
    const alone = [await ask(1, 0), await ask(2, 0.5), await ask(3, -0.5)];
    expect(await Promise.all([ask(1, 0), ask(2, 0.5), ask(3, -0.5)])).toEqual(alone);
    expect(new Set(alone.map(String)).size).toBe(3);
  });

  it("takes no more connections than it may, and says so", async () => {
    const clients = [0, 1, 2].map(() => new Client(served.server, "/"));
    for (const client of clients) await client.next();
    expect(await new Client(served.server, "/").closed).toEqual({ code: 1013, reason: "at most 3 connections" });
    for (const client of clients) {
      client.close();
      await client.closed;
    }
  });

  it("lets in who has the key, and nobody else", async () => {
    const locked = await startedFor(served.policy, { apiKeys: ["secret", "other"] });
    expect(await new Client(locked, "/").closed).toEqual({ code: 0, reason: "Unexpected server response: 401" });
    const wrong = new Client(locked, "/", { headers: { authorization: "Api-Key secrets" } });
    expect(await wrong.closed).toEqual({ code: 0, reason: "Unexpected server response: 401" });
    for (const key of ["secret", "other"]) {
      const client = new Client(locked, "/", { headers: { authorization: `Api-Key ${key}` } });
      expect(await client.next()).toBeInstanceOf(Map);
      client.close();
    }
    await locked.stop();
  });

  it("has computed on every lane before it listens", async () => {
    const sampled = vi.spyOn(ActionSampler.prototype, "sample");
    const run = await trainMicroRun(reachingRecipe, 1);
    const policy = await loadPolicy(run.folder, { robots: 1, machine: "as trained", lanes: 2 });
    let before = 0;
    const log = (line: string) => {
      if (line.startsWith("listening")) before = sampled.mock.calls.length;
    };
    await (await startedFor(policy, { log })).stop();
    expect(before).toBe(3 * 2);
    sampled.mockRestore();
    policy.release();
    await run.remove();
  });

  it("says where it listens", () => {
    expect(served.lines).toContain(`listening on ws://127.0.0.1:${served.server.address.port}`);
  });

  it("asks for no picture of a view that its robot has no camera for", () => {
    const [robot] = served.policy.robots;
    const { embodiment } = robot!;
    const blind = {
      ...robot!,
      embodiment: { ...embodiment, cameras: [...embodiment.cameras, { view: "wrist", key: null }] },
    };
    expect(ownKeys(blind).pictures).toEqual({ camera: "observation/images/camera" });
  });

  it("says that it is well, and knows no other page", async () => {
    const at = `http://127.0.0.1:${served.server.address.port}`;
    expect(await (await fetch(`${at}/healthz`)).text()).toBe("OK\n");
    expect((await fetch(`${at}/`)).status).toBe(404);
  });

  it("answers what was asked before it stops", async () => {
    const own = await startedFor(served.policy, {});
    const client = new Client(own, "/?seed=41");
    await client.next();
    const asked = client.ask(message({}));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const [reply] = await Promise.all([asked, own.stop()]);
    expect(actionsOf(reply)).toHaveLength(12);
    expect((await client.closed).code).toBe(1001);
  });

  it("is refused a port that is in use, in one line", async () => {
    await expect(startedFor(served.policy, { port: served.server.address.port })).rejects.toThrow(
      `--port: expected a free port of 127.0.0.1, got ${served.server.address.port}, which is in use`,
    );
  });
});

describe("a server that watches over actions", () => {
  const askOnce = async (server: RunningServer, changes: Parameters<typeof message>[0]) => {
    const client = new Client(server, "/?seed=41");
    await client.next();
    const reply = await client.ask(message(changes));
    client.close();
    return reply;
  };

  it("lets none out of its limits or in larger steps, in each robot's own numbers, and says how many it changed", async () => {
    const free = actionsOf(await askOnce(served.server, {}));
    // The shoulder may be at 0.3 only, which is 0.05 from where it is; the elbow anywhere, but in steps of 1e-4 from −0.5.
    const limits = { low: Float64Array.of(Math.fround(0.3), -9), high: Float64Array.of(Math.fround(0.3), 9) };
    const largestStep = Float64Array.of(1, 1e-4);
    const own = await startedFor(served.policy, { rules: () => ({ outside: "clamp", limits, largestStep }) });
    const reply = await askOnce(own, {});
    const actions = actionsOf(reply);
    expect(actions.filter((_, at) => at % 2 === 0)).toEqual(new Array(6).fill(Math.fround(0.3)));
    const elbow = [seenState[1]!, ...actions.filter((_, at) => at % 2 === 1)];
    for (const [at, value] of elbow.slice(1).entries()) expect(Math.abs(value - elbow[at]!)).toBeLessThan(1.001e-4);
    expect(free.every((value, at) => at % 2 === 1 || Math.abs(value - 0.3) > 1e-4)).toBe(true);
    if (typeof reply === "string") return;
    expect([reply.get("clamped"), reply.get("slowed")]).toEqual([6, 6]);
    await own.stop();
  });

  it("refuses actions outside limits where it is to, and closes", async () => {
    const limits = { low: Float64Array.of(50, 50), high: Float64Array.of(60, 60) };
    const own = await startedFor(served.policy, { rules: () => ({ outside: "refuse", limits, largestStep: null }) });
    expect(await askOnce(own, {})).toMatch(/^actions: expected "shoulder" of robot "reacher".* from 50 to 60, got /);
    await own.stop();
  });

  it("sends an error in place of actions that are no numbers", async () => {
    const act = vi
      .spyOn(served.policy, "act")
      .mockImplementation(async ([request]) => [
        { robot: request!.robot, actions: [[0, Number.NaN]], saidSteps: 1, stepsPerSecond: 10 },
      ]);
    expect(await askOnce(served.server, {})).toMatch(
      /^actions: expected finite numbers for .* got NaN for "elbow" at step 0/,
    );
    act.mockRestore();
  });

  it("acts on no observation that is too old by its own time", async () => {
    const clock = () => 1_000_000_500;
    const own = await startedFor(served.policy, { staleMs: 400, clock });
    expect(actionsOf(await askOnce(own, { time: 1_000_000.2 }))).toHaveLength(12);
    expect(await askOnce(own, { time: 1_000_000 })).toContain(
      "expected an observation of the last 400 ms, got one of 500 ms ago",
    );
    expect(await askOnce(own, {})).toContain('"time": expected when the observation was made');
    expect(await askOnce(own, { time: "now" })).toContain(
      '"time": expected a number of seconds since 1970, got a string',
    );
    await own.stop();
  });

  it("says by how much a reply is later than its deadline, which is as long as a chunk lasts unless it is told", async () => {
    const late = async (deadlineMs: number | null, tookMs: number) => {
      let at = 0;
      const now = () => (at++ < 2 ? 0 : tookMs);
      const own = await startedFor(served.policy, { deadlineMs, now });
      const reply = await askOnce(own, {});
      await own.stop();
      return typeof reply === "string" ? reply : reply.get("late_ms");
    };
    expect(await late(40, 100)).toBe(60);
    expect(await late(100, 100)).toBe(0);
    const lastsMs = (1000 * 6) / served.policy.robots[0]!.stepsPerSecond;
    expect(await late(null, lastsMs + 7)).toBe(7);
  });
});
