import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { Picture } from "../../dataset/dataset.ts";
import { HostArray } from "../../graph/host-array.ts";
import { type MicroRun, trainMicroRun } from "../../training/testing/micro-run.ts";
import { loadPolicy } from "../load.ts";
import type { LoadedPolicy } from "../policy.ts";
import { reachingRecipe } from "../testing/reaching.ts";
import { ownKeys } from "./keys.ts";
import { decodeMessage, encodeMessage, isNumberArray, type Message, type MessageValue } from "./message.ts";
import { numbersOf } from "./numbers.ts";
import { type RunningServer, type ServerOptions, startServer } from "./server.ts";

let run: MicroRun;
let policy: LoadedPolicy;
let server: RunningServer;
const lines: string[] = [];
beforeAll(async () => {
  run = await trainMicroRun(reachingRecipe, 1);
  policy = await loadPolicy(run.folder, { robots: 2, machine: "as trained" });
  server = await started({});
});
afterAll(async () => {
  await server.stop();
  policy.release();
  await run.remove();
});

function started(changes: Partial<ServerOptions>): Promise<RunningServer> {
  return startServer({
    host: "127.0.0.1",
    port: 0,
    policy,
    keys: ownKeys,
    seed: 7,
    apiKey: null,
    limits: { messageBytes: 1 << 20, connections: 3 },
    now: () => performance.now(),
    log: (line) => lines.push(line),
    ...changes,
  });
}

/** A client that keeps every frame that it is sent, as openpi's reads them. */
class Client {
  readonly #socket: WebSocket;
  readonly #frames: (Message | string)[] = [];
  readonly #wanted: ((frame: Message | string) => void)[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor({ address }: RunningServer, path: string, headers: Record<string, string> = {}) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${address.port}${path}`, { headers });
    this.#socket.on("message", (data: Buffer, isBinary) => {
      const frame = isBinary ? decodeMessage(data) : data.toString();
      const wanted = this.#wanted.shift();
      if (wanted === undefined) this.#frames.push(frame);
      else wanted(frame);
    });
    const closed = Promise.withResolvers<{ code: number; reason: string }>();
    this.#socket.on("close", (code, reason) => closed.resolve({ code, reason: reason.toString() }));
    this.#socket.on("error", (error) => closed.resolve({ code: 0, reason: error.message }));
    this.closed = closed.promise;
  }

  next(): Promise<Message | string> {
    const frame = this.#frames.shift();
    return frame === undefined ? new Promise((resolve) => this.#wanted.push(resolve)) : Promise.resolve(frame);
  }

  send(data: Uint8Array | string): void {
    this.#socket.send(data);
  }

  async ask(message: Message): Promise<Message | string> {
    this.send(encodeMessage(message));
    return await this.next();
  }

  close(): void {
    this.#socket.close();
  }
}

const side = 16;
const pixels = Uint8Array.from({ length: side * side * 3 }, (_, at) => (at * 7) % 256);
const camera: Picture = new HostArray("h w c", [side, side, 3], "uint8", pixels);
const state = [0.25, -0.5];

function message(changes: Readonly<Record<string, MessageValue>>): Message {
  return new Map<string, MessageValue>(
    Object.entries({
      "observation/state": { dtype: "<f8", shape: [2], bytes: new Uint8Array(Float64Array.from(state).buffer) },
      "observation/images/camera": { dtype: "|u1", shape: [side, side, 3], bytes: pixels },
      prompt: "reach",
      ...changes,
    }),
  );
}

function actionsOf(reply: Message | string): number[] {
  if (typeof reply === "string") throw new Error(reply);
  const actions = reply.get("actions");
  if (!isNumberArray(actions)) throw new Error("no actions");
  return [...numbersOf("actions", actions)];
}

describe("a client that asks as openpi's does", () => {
  it("is first told what the policy is, then given the actions that a session of the same seed gives, to the bit", async () => {
    const client = new Client(server, "/?seed=41");
    const metadata = await client.next();
    expect(metadata).toBeInstanceOf(Map);
    if (typeof metadata === "string") return;
    expect(Object.fromEntries(metadata)).toMatchObject({
      policy: "pi0",
      robot: "reacher",
      action_names: ["shoulder", "elbow"],
    });
    const session = policy.session(policy.robots[0]!, { seed: 41 });
    for (const frame of [0, 1]) {
      const reply = await client.ask(message({}));
      session.see({ state, pictures: { camera } });
      const [chunk] = await policy.act([session.ask("reach")]);
      expect(actionsOf(reply), `frame ${frame}`).toEqual(chunk.actions.flat().map(Math.fround));
      if (typeof reply === "string") continue;
      expect(reply.get("actions")).toMatchObject({ dtype: "<f4", shape: [6, 2] });
      expect([...(reply.get("policy_timing") as Message).keys()]).toEqual(["infer_ms"]);
      expect((reply.get("server_timing") as Message).has("prev_total_ms")).toBe(frame === 1);
    }
    client.close();
  });
});

describe("a client's mistake", () => {
  const cases: readonly (readonly [string, Readonly<Record<string, MessageValue>>, string])[] = [
    [
      "a state of another width",
      { "observation/state": { dtype: "<f8", shape: [3], bytes: new Uint8Array(24) } },
      "expected a state of 2 entries, got 3",
    ],
    ["a missing state", { "observation/state": null }, '"observation/state": expected an array of numbers, got null'],
    [
      "a state of another type",
      { "observation/state": { dtype: "<c8", shape: [2], bytes: new Uint8Array(16) } },
      '"observation/state": expected an array of <f8, <f4, <i8, <i4, <i2, |i1, |u1, |b1 (little-endian), got <c8',
    ],
    [
      "too few bytes",
      { "observation/state": { dtype: "<f4", shape: [2], bytes: new Uint8Array(4) } },
      '"observation/state": expected 8 bytes of [2] <f4, got 4',
    ],
    [
      "no number",
      {
        "observation/state": {
          dtype: "<f4",
          shape: [2],
          bytes: new Uint8Array(Float32Array.from([Number.NaN, 0]).buffer),
        },
      },
      'expected finite numbers, got NaN for "shoulder"',
    ],
    [
      "an unknown camera",
      { "observation/images/wrist": null },
      '"observation/images/wrist": expected the keys observation/state, observation/images/camera, prompt, got this one',
    ],
    [
      "a picture of floats",
      { "observation/images/camera": { dtype: "<f4", shape: [1, 1, 3], bytes: new Uint8Array(12) } },
      '"observation/images/camera": expected bytes [h w 3] or [3 h w], got [1 1 3] <f4',
    ],
    ["a prompt that is none", { prompt: 3 }, '"prompt": expected a text, got a number'],
    ["a prompt too long", { prompt: "reach ".repeat(20) }, "expected a prompt of at most 40 tokens, got 121"],
  ];

  it.each(cases)("%s is told in a text, and the connection is closed as openpi closes it", async (_, changes, said) => {
    const client = new Client(server, "/");
    await client.next();
    const reply = await client.ask(message(changes));
    expect(reply).toEqual(expect.stringContaining(said));
    expect((await client.closed).code).toBe(1011);
  });

  it.each([
    ["no message", Uint8Array.of(0xc1), "message: expected numbers, texts, bytes, arrays and maps, got something else"],
    ["a message cut short", encodeMessage(message({})).subarray(0, 40), "message: expected one value in MessagePack"],
    ["a list", Uint8Array.of(0x90), "message: expected a map of names to values"],
    ["a value within too many others", new Uint8Array(40).fill(0x91), "message: expected"],
    ["a text frame", "hello", "message: expected a binary frame of MessagePack, got a text"],
  ])("%s is refused, and other clients go on", async (_, data, said) => {
    const [healthy, other] = [new Client(server, "/?seed=5"), new Client(server, "/")];
    await healthy.next();
    await other.next();
    other.send(data);
    expect(await other.next()).toEqual(expect.stringContaining(said));
    expect((await other.closed).code).toBe(1011);
    expect(actionsOf(await healthy.ask(message({})))).toHaveLength(12);
    healthy.close();
    await healthy.closed;
  });

  it("more bytes than a message may have close the connection", async () => {
    const client = new Client(server, "/");
    await client.next();
    client.send(new Uint8Array((1 << 20) + 1));
    expect((await client.closed).code).toBe(1009);
  });

  it("a robot that the policy does not know is refused before anything is asked", async () => {
    const client = new Client(server, "/?dataset=pushing");
    expect(await client.next()).toContain('robot: expected one robot with dataset "pushing", got none');
    expect((await client.closed).code).toBe(1011);
  });
});

describe("a server", () => {
  it("reads a picture whose channels come first as the same picture", async () => {
    const first = new Uint8Array(pixels.length);
    for (let pixel = 0; pixel < side * side; pixel++)
      for (let channel = 0; channel < 3; channel++) first[channel * side * side + pixel] = pixels[3 * pixel + channel]!;
    const found: number[][] = [];
    for (const picture of [
      { dtype: "|u1", shape: [side, side, 3], bytes: pixels },
      { dtype: "|u1", shape: [3, side, side], bytes: first },
    ]) {
      const client = new Client(server, "/?seed=3");
      await client.next();
      found.push(actionsOf(await client.ask(message({ "observation/images/camera": picture }))));
      client.close();
      await client.closed;
    }
    expect(found[1]).toEqual(found[0]);
  });

  it("gives clients that ask at the same time what each is given alone", async () => {
    const ask = async (seed: number, shift: number) => {
      const client = new Client(server, `/?seed=${seed}`);
      await client.next();
      const moved = Float64Array.from(state, (value) => value + shift);
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
    const clients = [0, 1, 2].map(() => new Client(server, "/"));
    for (const client of clients) await client.next();
    expect(await new Client(server, "/").closed).toEqual({ code: 1013, reason: "at most 3 connections" });
    for (const client of clients) {
      client.close();
      await client.closed;
    }
  });

  it("lets in who has the key, and nobody else", async () => {
    const locked = await started({ apiKey: "secret" });
    expect(await new Client(locked, "/").closed).toEqual({ code: 0, reason: "Unexpected server response: 401" });
    const wrong = new Client(locked, "/", { authorization: "Api-Key secrets" });
    expect(await wrong.closed).toEqual({ code: 0, reason: "Unexpected server response: 401" });
    const client = new Client(locked, "/", { authorization: "Api-Key secret" });
    expect(await client.next()).toBeInstanceOf(Map);
    client.close();
    await locked.stop();
  });

  it("says that it is well, and knows no other page", async () => {
    const at = `http://127.0.0.1:${server.address.port}`;
    expect(await (await fetch(`${at}/healthz`)).text()).toBe("OK\n");
    expect((await fetch(`${at}/`)).status).toBe(404);
  });

  it("answers what was asked before it stops", async () => {
    const own = await started({});
    const client = new Client(own, "/?seed=41");
    await client.next();
    const asked = client.ask(message({}));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const [reply] = await Promise.all([asked, own.stop()]);
    expect(actionsOf(reply)).toHaveLength(12);
    expect((await client.closed).code).toBe(1001);
  });

  it("is refused a port that is in use, in one line", async () => {
    await expect(started({ port: server.address.port })).rejects.toThrow(
      `--port: expected a free port of 127.0.0.1, got ${server.address.port}, which is in use`,
    );
  });
});
