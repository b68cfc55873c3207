import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import type { ServerOptions } from "../../protocol/options.ts";
import type { RunningServer } from "../../protocol/server.ts";
import { type Served, seenPicture, seenState, startedFor } from "../../protocol/testing/served.ts";
import { frameKeys } from "../fit.ts";
import { asyncInference } from "../service.ts";
import { decodeBytes, decodePiece, empty, encodePiece } from "../wire.ts";
import { exchange, recordedBytes } from "./exchange.ts";

/** A robot that speaks to a server in the recorded bytes of LeRobot's client, on a connection of its own. */
export class LerobotRobot {
  readonly #client: Client;
  readonly #metadata = new Metadata();

  constructor({ lerobotAddress }: RunningServer, { key, ca }: { readonly key?: string; readonly ca?: Buffer } = {}) {
    const secure = ca === undefined ? credentials.createInsecure() : credentials.createSsl(ca);
    this.#client = new Client(`127.0.0.1:${lerobotAddress!.port}`, secure, { "grpc.use_local_subchannel_pool": 1 });
    if (key !== undefined) this.#metadata.set("authorization", `Api-Key ${key}`);
  }

  /** What is replied, or what is said in place of it. */
  call(method: keyof typeof asyncInference, request: Buffer = empty): Promise<Buffer | string> {
    return this.calls(method, request).replied;
  }

  /** A call that can be given up, and what is replied to it. */
  calls(method: keyof typeof asyncInference, request: Buffer = empty) {
    const { path, requestSerialize: write, responseDeserialize: read } = asyncInference[method];
    const { promise: replied, resolve } = Promise.withResolvers<Buffer | string>();
    const call = this.#client.makeUnaryRequest(path, write, read, request, this.#metadata, {}, (error, reply) =>
      resolve(said(error, reply)),
    );
    return { call, replied };
  }

  send(pieces: readonly Buffer[]): Promise<Buffer | string> {
    const { stream, replied } = this.opens();
    for (const piece of pieces) stream.write(piece);
    stream.end();
    return replied;
  }

  /** An observation whose pieces are yet to be sent, and what is replied to it. */
  opens() {
    const { path, requestSerialize: write, responseDeserialize: read } = asyncInference.sendObservations;
    const { promise: replied, resolve } = Promise.withResolvers<Buffer | string>();
    const stream = this.#client.makeClientStreamRequest(path, write, read, this.#metadata, {}, (error, reply) =>
      resolve(said(error, reply)),
    );
    return { stream, replied };
  }

  /** Says what it is, as a client begins. */
  async begins(setup = recordedBytes(exchange.policySetup)): Promise<Buffer | string> {
    const ready = await this.call("ready");
    return typeof ready === "string" ? ready : await this.call("sendPolicyInstructions", setup);
  }

  /** The pickle of the actions for a pickled observation, or what is said in place of it. */
  async asks(pieces: readonly Buffer[] = recordedPieces): Promise<string> {
    const taken = await this.send(pieces);
    const reply = typeof taken === "string" ? taken : await this.call("getActions");
    return typeof reply === "string" ? reply : Buffer.from(decodeBytes(reply)).toString("latin1");
  }

  close(): void {
    this.#client.close();
  }
}

function said(error: ServiceError | null, reply: Buffer | undefined): Buffer | string {
  return error === null ? (reply ?? empty) : `${error.code}: ${error.details}`;
}

/** The observation that was recorded. */
export const recordedPieces: readonly Buffer[] = exchange.observationPieces.map(recordedBytes);
/** A value of one piece, one character for each byte. */
export function inOnePiece(pickle: string): Buffer[] {
  return [encodePiece({ transferState: 3, data: Buffer.from(pickle, "latin1") })];
}

/** The recorded pickles, one character for each byte. */
export const pickled = {
  setup: Buffer.from(decodeBytes(recordedBytes(exchange.policySetup))).toString("latin1"),
  observation: Buffer.from(decodePiece(recordedPieces[0]!).data).toString("latin1"),
};

/** The recorded observation with another time step, and without saying that it must go. */
export function patient(timestep: number): Buffer[] {
  return observedAt({ timestep, mustGo: false });
}

/** The recorded observation, some of it otherwise. */
export function observedAt(changes: {
  readonly timestep?: number;
  readonly mustGo?: boolean;
  /** Seconds since 1970. */
  readonly timestamp?: number;
  readonly state?: readonly [shoulder: number, elbow: number];
  /** Of five letters. */
  readonly task?: string;
}): Buffer[] {
  const { timestep = 3, mustGo = true, timestamp = 100.5, state = seenState, task = "reach" } = changes;
  const [shoulder = 0, elbow = 0] = state;
  const made = pickled.observation
    .replace("timestep\x94K\x03", () => `timestep\x94K${String.fromCharCode(timestep)}`)
    .replace(/(?<=timestamp\x94G).{8}/s, double(timestamp))
    .replace(/(?<=shoulder\x94G).{8}/s, double(shoulder))
    .replace(/(?<=elbow\x94G).{8}/s, double(elbow))
    .replace("task\x94\x8c\x05reach", `task\x94\x8c\x05${task}`);
  return inOnePiece(mustGo ? made : made.replace("\x88ub.", "\x89ub."));
}

/** A number as pickles hold it; a function, as a replacement's dollars stand for other things. */
function double(value: number): () => string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return () => bytes.toString("latin1");
}

/** What stands before the two cells of each tensor in a pickle of actions. */
const beforeCells = `q\x01a.\x02${"\x00".repeat(7)}`;

/** The cells of the tensors in a pickle of actions. */
export function cellsInPickle(pickle: string): number[] {
  const cells = pickle
    .split(beforeCells)
    .slice(1)
    .map((part) => Buffer.from(part.slice(0, 8), "latin1"));
  return cells.flatMap((each) => [each.readFloatLE(0), each.readFloatLE(4)]);
}

export function withoutCells(pickle: string): string {
  const [first, ...others] = pickle.split(beforeCells);
  return [first, ...others.map((part) => part.slice(8))].join(beforeCells);
}

/** What a session of a served policy gives for the recorded observation, seen so often. */
export async function sessionActions(
  { policy }: Served,
  { seed, seen, resets = 0 }: { readonly seed: number; readonly seen: number; readonly resets?: number },
): Promise<number[]> {
  const session = policy.session(policy.robots[0]!, { seed });
  for (let reset = 0; reset < resets; reset++) session.reset();
  for (let time = 0; time < seen; time++) session.see({ state: seenState, pictures: { camera: seenPicture } });
  const [chunk] = await policy.act([session.ask("reach")]);
  return chunk.actions.flat().map(Math.fround);
}

/** A server of LeRobot's clients. */
export function startedForLerobot({ policy }: Served, changes: Partial<ServerOptions> = {}): Promise<RunningServer> {
  return startedFor(policy, { lerobot: { port: 0, keys: frameKeys }, ...changes });
}
