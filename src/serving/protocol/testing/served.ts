import { type ClientOptions, WebSocket } from "ws";
import { numbersOf } from "../../../../client/array.ts";
import {
  decodeMessage,
  encodeMessage,
  isNumberArray,
  type Message,
  type MessageValue,
} from "../../../../client/message.ts";
import type { Picture } from "../../../dataset/dataset.ts";
import { HostArray } from "../../../graph/host-array.ts";
import { type MicroRun, trainMicroRun } from "../../../training/testing/micro-run.ts";
import { noRules } from "../../guard.ts";
import { loadPolicy } from "../../load.ts";
import type { LoadedPolicy } from "../../policy.ts";
import { reachingRecipe } from "../../testing/reaching.ts";
import { ownKeys } from "../keys.ts";
import type { ServerOptions } from "../options.ts";
import { type RunningServer, startServer } from "../server.ts";

/** A policy of the reacher on a server of its own, with what it logs. */
export class Served {
  readonly policy: LoadedPolicy;
  readonly server: RunningServer;
  readonly lines: readonly string[];
  readonly #run: MicroRun;

  private constructor(policy: LoadedPolicy, server: RunningServer, lines: readonly string[], run: MicroRun) {
    this.policy = policy;
    this.server = server;
    this.lines = lines;
    this.#run = run;
  }

  static async start(): Promise<Served> {
    const run = await trainMicroRun(reachingRecipe, 1);
    const policy = await loadPolicy(run.folder, { robots: 2, machine: "as trained" });
    const lines: string[] = [];
    return new Served(policy, await startedFor(policy, { log: (line) => lines.push(line) }), lines, run);
  }

  async stop(): Promise<void> {
    await this.server.stop();
    this.policy.release();
    await this.#run.remove();
  }
}

export const servedLimits = { messageBytes: 1 << 20, connections: 3, waiting: 8, idleMs: 60_000, perSecond: null };

/** Another server of a policy. */
export function startedFor(policy: LoadedPolicy, changes: Partial<ServerOptions>): Promise<RunningServer> {
  return startServer(servedOptions(policy, changes));
}

/** How a policy is served in tests, but for what is changed. */
export function servedOptions(policy: LoadedPolicy, changes: Partial<ServerOptions>): ServerOptions {
  return {
    host: "127.0.0.1",
    port: 0,
    policy,
    keys: ownKeys,
    seed: 7,
    apiKeys: null,
    tls: null,
    limits: servedLimits,
    rules: () => noRules,
    gatherMs: 0,
    staleMs: null,
    deadlineMs: null,
    now: () => performance.now(),
    clock: () => Date.now(),
    log: () => {},
    ...changes,
  };
}

/** A client that keeps every frame that it is sent, as openpi's reads them. */
export class Client {
  readonly #socket: WebSocket;
  readonly #frames: (Message | string)[] = [];
  readonly #wanted: ((frame: Message | string) => void)[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor({ address }: { readonly address: { readonly port: number } }, path: string, options: ClientOptions = {}) {
    const scheme = options.ca === undefined ? "ws" : "wss";
    this.#socket = new WebSocket(`${scheme}://127.0.0.1:${address.port}${path}`, options);
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

export const pictureSide = 16;
export const pixels = Uint8Array.from({ length: pictureSide * pictureSide * 3 }, (_, at) => (at * 7) % 256);
export const seenPicture: Picture = new HostArray("h w c", [pictureSide, pictureSide, 3], "uint8", pixels);
export const seenState = [0.25, -0.5];

/** What a client asks with, some of it otherwise. */
export function message(changes: Readonly<Record<string, MessageValue>>): Message {
  return new Map<string, MessageValue>(
    Object.entries({
      "observation/state": { dtype: "<f8", shape: [2], bytes: new Uint8Array(Float64Array.from(seenState).buffer) },
      "observation/images/camera": { dtype: "|u1", shape: [pictureSide, pictureSide, 3], bytes: pixels },
      prompt: "reach",
      ...changes,
    }),
  );
}

/** The actions of a reply. @throws Error with what the server said instead */
export function actionsOf(reply: Message | string): number[] {
  if (typeof reply === "string") throw new Error(reply);
  const actions = reply.get("actions");
  if (!isNumberArray(actions)) throw new Error("no actions");
  return [...numbersOf("actions", actions)];
}

/** Numbers by name within a reply: its times. @throws Error where there are none */
export function timesOf(reply: Message | string, name: string): Message {
  const times = typeof reply === "string" ? undefined : reply.get(name);
  if (!(times instanceof Map)) throw new Error(`no ${name}`);
  return times;
}
