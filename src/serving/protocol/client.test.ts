import { createServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Observation } from "../../../client/observation.ts";
import { PolicyClient } from "../../../client/policy-client.ts";
import { pictureSide, pixels, Served, seenPicture, seenState, servedLimits, startedFor } from "./testing/served.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served.stop());

const observation: Observation = {
  state: seenState,
  pictures: { camera: { height: pictureSide, width: pictureSide, pixels } },
  prompt: "reach",
};
const addressOf = ({ address }: { readonly address: { readonly port: number } }, path = "") =>
  `ws://127.0.0.1:${address.port}/${path}`;

/** Actions of the first frames of a session with this seed, asked for without a server. */
async function expected(seed: number, frames: number): Promise<number[][][]> {
  const session = served.policy.session(served.policy.robots[0]!, { seed });
  const found: number[][][] = [];
  for (let frame = 0; frame < frames; frame++) {
    session.see({ state: seenState, pictures: { camera: seenPicture } });
    const [chunk] = await served.policy.act([session.ask("reach")]);
    found.push(chunk.actions.map((action) => action.map(Math.fround)));
  }
  return found;
}

describe("the client", () => {
  it("is told what the policy is, and gets a session's actions to the bit", async () => {
    const client = await PolicyClient.connect(addressOf(served.server, "?seed=41"));
    expect(client.metadata).toMatchObject({ policy: "pi0", robot: "reacher", actionNames: ["shoulder", "elbow"] });
    // Asked at once, answered in order.
    const answers = await Promise.all([client.infer(observation), client.infer(observation)]);
    expect(answers.map(({ actions }) => actions)).toEqual(await expected(41, 2));
    expect(answers.map(({ isNewSession, previousMs }) => [isNewSession, previousMs === null])).toEqual([
      [false, true],
      [false, false],
    ]);
    client.close();
  });

  it("hears of a mistake as an error, and goes on in a new session", async () => {
    const client = await PolicyClient.connect(addressOf(served.server, "?seed=42"));
    const wrong = client.infer({ ...observation, state: [1, 2, 3] });
    await expect(wrong).rejects.toMatchObject({ name: "PolicyError", code: 1011 });
    await expect(wrong).rejects.toThrow("expected a state of 2");
    const { actions, isNewSession } = await client.infer(observation);
    expect({ actions, isNewSession }).toEqual({ actions: (await expected(42, 1))[0], isNewSession: true });
    client.close();
  });

  it("opens no connection once it is closed, for questions of before or after", async () => {
    const server = await startedFor(served.policy, {});
    const client = await PolicyClient.connect(addressOf(server));
    const asked = [client.infer(observation), client.see(observation), client.infer(observation)];
    client.close();
    const failed = await Promise.allSettled([...asked, client.infer(observation)]);
    expect(failed.map(({ status }) => status)).toEqual(Array(4).fill("rejected"));
    await expect(client.see(observation)).rejects.toThrow("expected a client that is open, got a closed one");
    const page = () => fetch(`http://127.0.0.1:${server.address.port}/metrics`).then((answer) => answer.text());
    await vi.waitFor(async () => expect(await page()).toContain("armature_sessions 0"), 5000);
    await server.stop();
  });

  it("asks again where the server was gone for a while", async () => {
    const first = await startedFor(served.policy, {});
    const client = await PolicyClient.connect(addressOf(first, "?seed=43"), { patienceMs: 20_000 });
    await client.infer(observation);
    await first.stop();
    const asked = client.infer(observation);
    await pause(200);
    const second = await startedFor(served.policy, { port: first.address.port });
    const { actions, isNewSession } = await asked;
    expect({ actions, isNewSession }).toEqual({ actions: (await expected(43, 1))[0], isNewSession: true });
    client.close();
    await second.stop();
  });

  it("waits while its rate is used up, as long as patience lasts", async () => {
    const server = await startedFor(served.policy, { limits: { ...servedLimits, perSecond: 1 } });
    const patient = await PolicyClient.connect(addressOf(server), { patienceMs: 20_000 });
    await patient.infer(observation);
    expect((await patient.infer(observation)).actions).toHaveLength(6);
    patient.close();
    const hasty = await PolicyClient.connect(addressOf(server), { patienceMs: 0 });
    await expect(Promise.all([hasty.infer(observation), hasty.infer(observation)])).rejects.toThrow(
      "expected at most 1 messages per second, got more",
    );
    hasty.close();
    await server.stop();
  });

  it("sends its key, and is refused without one", async () => {
    const server = await startedFor(served.policy, { apiKeys: ["right"] });
    const client = await PolicyClient.connect(addressOf(server), { apiKey: "right" });
    expect(client.metadata.actionSteps).toBe(6);
    client.close();
    await expect(PolicyClient.connect(addressOf(server), { apiKey: "wrong", patienceMs: 0 })).rejects.toMatchObject({
      name: "PolicyError",
    });
    await server.stop();
  });

  it("gives up where nobody listens, and where nobody answers in time", async () => {
    const open = new Set<Socket>();
    const silent = createServer((socket) => void open.add(socket));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const found = silent.address();
    if (found === null || typeof found === "string") throw new Error(`expected a port, got ${found}`);
    await expect(PolicyClient.connect(addressOf({ address: found }), { patienceMs: 0, timeoutMs: 20 })).rejects.toThrow(
      "expected an answer within 20 ms, got none",
    );
    for (const socket of open) socket.destroy();
    silent.close();

    const server = await startedFor(served.policy, {});
    const address = addressOf(server);
    await server.stop();
    await expect(PolicyClient.connect(address, { patienceMs: 0 })).rejects.toMatchObject({ code: 1006 });
    await expect(PolicyClient.connect("nowhere")).rejects.toThrow(
      'address: expected one such as ws://127.0.0.1:8000, got "nowhere"',
    );
  });
});
