import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ownKeys } from "./keys.ts";
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
    const locked = await startedFor(served.policy, { apiKey: "secret" });
    expect(await new Client(locked, "/").closed).toEqual({ code: 0, reason: "Unexpected server response: 401" });
    const wrong = new Client(locked, "/", { authorization: "Api-Key secrets" });
    expect(await wrong.closed).toEqual({ code: 0, reason: "Unexpected server response: 401" });
    const client = new Client(locked, "/", { authorization: "Api-Key secret" });
    expect(await client.next()).toBeInstanceOf(Map);
    client.close();
    await locked.stop();
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
