import { InputError } from "../src/input-error.ts";
import { decodeMessage, encodeMessage, type Message } from "./message.ts";
import { decodeMetadata, type PolicyMetadata } from "./metadata.ts";
import { type Course, encodeObservation, type Observation, type Purpose } from "./observation.ts";
import { decodeReply, decodeSeen, type Reply } from "./reply.ts";
import { type Closing, FrameSocket } from "./socket.ts";

/** What a client may be told to do otherwise. */
export interface ClientOptions {
  /** One of the server's keys. A browser cannot send any. */
  readonly apiKey?: string;
  /** How long a server may be out of reach, or too busy, before a call fails; in milliseconds, 10,000 if not given. */
  readonly patienceMs?: number;
  /** How long an answer may take before the connection is given up; in milliseconds, 10,000 if not given. */
  readonly timeoutMs?: number;
}

/** The server said no: what it said, and the close code; 1011 is a mistake of the message. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";
  readonly code: number;

  constructor({ code, text }: Closing) {
    super(text);
    this.code = code;
  }
}

/** An answer, and whether the server knew what had been seen before. */
export interface PolicyAnswer extends Reply {
  /** The connection had been lost and was made anew: history and noise began with this observation. */
  readonly isNewSession: boolean;
}

/** Close codes after which the same question may be asked again: going away, lost, refused for now. */
const passing = [1001, 1006, 1013];
const firstPauseMs = 50;
const longestPauseMs = 2000;

/**
 * A robot's connection to `armature serve`.
 *
 * One question at a time. A connection that is lost is made anew and the question asked again, as long as patience lasts; a mistake is
 * an error, and the next question begins a new session.
 */
export class PolicyClient {
  readonly metadata: PolicyMetadata;
  readonly #address: string;
  readonly #options: ClientOptions;
  #socket: FrameSocket | null;
  #isClosed = false;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(address: string, options: ClientOptions, { socket, metadata }: Opened) {
    this.#address = address;
    this.#options = options;
    this.#socket = socket;
    this.metadata = metadata;
  }

  /**
   * @param address such as `ws://127.0.0.1:8000/?dataset=reacher&seed=5`
   * @throws PolicyError where the server refuses, or stays out of reach for longer than patience lasts
   */
  static async connect(address: string, options: ClientOptions = {}): Promise<PolicyClient> {
    const opened = await patiently(options, () => open(address, options));
    return new PolicyClient(address, options, opened);
  }

  /**
   * Actions for an observation.
   *
   * @param course what the robot does while it waits, where the server has chunks go on from those before them
   * @throws InputError where the observation is not what the policy reads
   * @throws PolicyError where the server refuses it, or stays out of reach for longer than patience lasts
   */
  async infer(observation: Observation, course: Course | null = null): Promise<PolicyAnswer> {
    return await this.#send(observation, { acts: true, course }, decodeReply);
  }

  /**
   * Shows a frame for which no actions are wanted to a policy with history.
   *
   * @throws InputError, PolicyError as `infer`
   */
  async see(observation: Observation): Promise<void> {
    await this.#send(observation, { acts: false }, decodeSeen);
  }

  /** Ends the session; questions that are not answered yet, and later ones, fail. */
  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  #refuseClosed(): void {
    if (!this.#isClosed) return;
    this.#drop();
    throw new PolicyError({ code: 1000, text: "expected a client that is open, got a closed one" });
  }

  #drop(): void {
    this.#socket?.close();
    this.#socket = null;
  }

  /** Sends an observation once all before it are answered; a connection that was lost is made anew. */
  async #send<Answer extends object>(observation: Observation, purpose: Purpose, decode: (answer: Message) => Answer) {
    const question = encodeMessage(encodeObservation(observation, this.metadata, purpose));
    const answer = this.#last.then(() => patiently(this.#options, () => this.#ask(question, decode)));
    this.#last = answer.catch(() => {});
    return await answer;
  }

  async #ask<Answer extends object>(question: Uint8Array, decode: (answer: Message) => Answer) {
    this.#refuseClosed();
    const isNewSession = this.#socket === null;
    const socket = this.#socket ?? (await open(this.#address, this.#options)).socket;
    this.#socket = socket;
    this.#refuseClosed();
    socket.send(question);
    try {
      return { ...decode(await received(socket, this.#options)), isNewSession };
    } catch (error) {
      this.#drop();
      throw error;
    }
  }
}

interface Opened {
  readonly socket: FrameSocket;
  readonly metadata: PolicyMetadata;
}

async function open(address: string, options: ClientOptions): Promise<Opened> {
  const { apiKey } = options;
  const socket = new FrameSocket(address, apiKey === undefined ? {} : { Authorization: `Api-Key ${apiKey}` });
  try {
    return { socket, metadata: decodeMetadata(await received(socket, options)) };
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** The next message. @throws PolicyError where the connection ends instead, or nothing comes in time */
async function received(socket: FrameSocket, { timeoutMs = 10_000 }: ClientOptions): Promise<Message> {
  const late = Promise.withResolvers<{ kind: "closed" } & Closing>();
  const timer = setTimeout(
    () => late.resolve({ kind: "closed", code: 1006, text: `expected an answer within ${timeoutMs} ms, got none` }),
    timeoutMs,
  );
  const incoming = await Promise.race([socket.next(), late.promise]);
  clearTimeout(timer);
  if (incoming.kind === "closed") throw new PolicyError(incoming);
  return decodeMessage(incoming.bytes);
}

/** Tries again after pauses that grow, while what went wrong may pass and patience lasts. */
async function patiently<Result>(
  { patienceMs = 10_000 }: ClientOptions,
  attempt: () => Promise<Result>,
): Promise<Result> {
  if (!(patienceMs >= 0)) throw new InputError(`patienceMs: expected 0 or more, got ${patienceMs}`);
  const begun = performance.now();
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return await attempt();
    } catch (error) {
      const mayPass = error instanceof PolicyError && passing.includes(error.code);
      if (!mayPass || performance.now() - begun + pauseMs > patienceMs) throw error;
    }
    await new Promise((settle) => setTimeout(settle, pauseMs));
  }
}
