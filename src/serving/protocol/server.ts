import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { InputError } from "../../input-error.ts";
import type { ActionChunk, ActionRequest } from "../action.ts";
import { type ActionRules, guarded } from "../guard.ts";
import { refuseStale } from "../observation-age.ts";
import type { LoadedPolicy } from "../policy.ts";
import { Refusal, refusalKindOf } from "../refusal.ts";
import type { ServedRobot } from "../robot.ts";
import type { Session } from "../session.ts";
import { Batcher } from "./batcher.ts";
import { callerOf } from "./caller.ts";
import { askedBy, type ObservationKeys } from "./keys.ts";
import { listener, listening, type Tls } from "./listener.ts";
import { decodeMessage, encodeMessage, type Message } from "./message.ts";
import { float32Array } from "./numbers.ts";
import { CallerRates } from "./token-bucket.ts";

/** How a policy is served. */
export interface ServerOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** A connection acts for its robot that the address names, `?dataset=…&robotType=…&controlMode=…`, or for the only one. */
  readonly policy: LoadedPolicy;
  /** Where the messages of a robot's clients hold what it perceives. */
  readonly keys: (robot: ServedRobot) => ObservationKeys;
  /** Noise of a connection follows from it and from the number of the connection, or from the connection's own `?seed=…`. */
  readonly seed: number;
  /** A client has to send one of them; `null`: whoever reaches the address may ask. */
  readonly apiKeys: readonly string[] | null;
  /** `null`: what is sent can be read on its way. */
  readonly tls: Tls | null;
  readonly limits: ServerLimits;
  /** What a robot's actions keep to before they leave. */
  readonly rules: (robot: ServedRobot) => ActionRules;
  /** Observations that are older are refused; `null`: they need not say when they were made. */
  readonly staleMs: number | null;
  /** A reply says by how much it comes later than this; `null`: later than a whole chunk lasts. */
  readonly deadlineMs: number | null;
  /** A clock that only goes forward, in milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Told of each connection and each mistake of a client, in one line. */
  readonly log: (line: string) => void;
}

export interface ServerLimits {
  readonly messageBytes: number;
  readonly connections: number;
  /** Messages of one connection that wait for their answers. */
  readonly waiting: number;
  /** A connection that sends no message for so long is closed. */
  readonly idleMs: number;
  /** Messages of one key, or without keys of one address; `null`: any number. */
  readonly perSecond: number | null;
}

/** A server that is listening. */
export interface RunningServer {
  readonly address: AddressInfo;
  /** Takes no new connection, answers what has been asked, and closes. */
  stop(): Promise<void>;
}

/** As openpi's server says it, with a message in place of a stack trace. */
const internalError = 1011;
const tryLater = 1013;

/**
 * A server that openpi's clients speak to: metadata first, then an answer for each observation of a connection, in order.
 *
 * @source openpi `serving/websocket_policy_server.py`
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, port, limits, log } = options;
  const http = listener(options.tls, answerHttp);
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: limits.messageBytes });
  const batcher = new Batcher<ActionRequest, ActionChunk>(options.policy);
  const rates = new CallerRates(limits.perSecond);
  const open = new Set<Connection>();
  let connections = 0;
  http.on("upgrade", (request, socket, head) => {
    const caller = callerOf(request, options.apiKeys);
    if (caller === null) {
      socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      if (open.size >= limits.connections) {
        client.close(tryLater, `at most ${limits.connections} connections`);
        return;
      }
      const connection = new Connection(client, request, {
        ...options,
        batcher,
        number: connections++,
        mayAsk: () => rates.take(caller, options.now()),
      });
      open.add(connection);
      client.on("close", () => open.delete(connection));
    });
  });
  await listening(http, host, port);
  const address = http.address();
  if (address === null || typeof address === "string") throw new InputError(`serve: expected a port of ${host}`);
  log(`listening on ${options.tls === null ? "ws" : "wss"}://${address.address}:${address.port}`);
  return {
    address,
    stop: async () => {
      http.close();
      await Promise.all([...open].map((connection) => connection.end()));
      sockets.close();
    },
  };
}

function answerHttp({ url, method }: IncomingMessage, response: ServerResponse): void {
  const isHealth = method === "GET" && url === "/healthz";
  response.writeHead(isHealth ? 200 : 404, { "content-type": "text/plain" });
  response.end(isHealth ? "OK\n" : "not found\n");
}

interface ConnectionOptions extends ServerOptions {
  readonly batcher: Batcher<ActionRequest, ActionChunk>;
  /** Of the connection, from 0. */
  readonly number: number;
  /** Whether its caller is within its rate; asking counts. */
  readonly mayAsk: () => boolean;
}

/** One client: its robot, its session, and its messages one after the other. */
class Connection {
  readonly #client: WebSocket;
  readonly #options: ConnectionOptions;
  #last: Promise<void> = Promise.resolve();
  #previousMs: number | null = null;
  #waiting = 0;
  #isRefused = false;
  readonly #idle: NodeJS.Timeout;

  constructor(client: WebSocket, request: IncomingMessage, options: ConnectionOptions) {
    this.#client = client;
    this.#options = options;
    const { idleMs } = options.limits;
    const idle = new Refusal("idle", `connection: expected a message within ${idleMs / 1000} s, got none`);
    this.#idle = setTimeout(() => (this.#waiting > 0 ? this.#idle.refresh() : this.#refuse(idle)), idleMs);
    client.on("close", () => clearTimeout(this.#idle));
    client.on("error", (error) => options.log(`connection ${options.number}: ${error.message}`));
    try {
      const { robot, seed } = choiceOf(request, options);
      const session = options.policy.session(robot, { seed });
      const keys = options.keys(robot);
      client.send(encodeMessage(metadataOf(options.policy, robot, keys)));
      client.on("message", (data, isBinary) => this.#receive(session, keys, data, isBinary));
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Answers what has been asked, then closes. */
  async end(): Promise<void> {
    await this.#last;
    this.#client.close(1001, "the server stops");
  }

  #receive(session: Session, keys: ObservationKeys, data: unknown, isBinary: boolean): void {
    if (this.#isRefused) return;
    const came = this.#options.now();
    const excess = this.#excess();
    this.#isRefused = excess !== null;
    this.#waiting++;
    this.#idle.refresh();
    this.#last = this.#last.then(async () => {
      if (this.#client.readyState !== this.#client.OPEN) return;
      try {
        if (excess !== null) throw excess;
        if (!isBinary || !(data instanceof Uint8Array))
          throw new InputError("message: expected a binary frame of MessagePack, got a text");
        await this.#answer(session, keys, decodeMessage(data), came);
      } catch (error) {
        this.#refuse(error);
      } finally {
        this.#waiting--;
      }
    });
  }

  /** Why one message more is too many; `null` where it is not. */
  #excess(): Refusal | null {
    const { mayAsk, limits } = this.#options;
    if (!mayAsk())
      return new Refusal("rate", `connection: expected at most ${limits.perSecond} messages per second, got more`);
    if (this.#waiting < limits.waiting) return null;
    return new Refusal(
      "queue",
      `connection: expected at most ${limits.waiting} messages that wait for answers, got more`,
    );
  }

  async #answer(session: Session, keys: ObservationKeys, message: Message, came: number): Promise<void> {
    const { batcher, now, log, number, policy, clock, staleMs } = this.#options;
    const { observation, prompt, begins, time } = askedBy(message, keys, session.robot);
    refuseStale(time, clock(), staleMs);
    if (begins) session.reset();
    session.see(observation);
    const asked = now();
    const chunk = await batcher.act(session.ask(prompt));
    const answered = now();
    if (chunk.saidSteps === 0) log(`connection ${number}: an answer was no chunk; the robot got zeros in unit scale`);
    const { robot } = session;
    const safe = guarded(chunk.actions, observation.state, { robot, rules: this.#options.rules(robot) });
    const timing = new Map([["infer_ms", answered - came]]);
    if (this.#previousMs !== null) timing.set("prev_total_ms", this.#previousMs);
    this.#client.send(
      encodeMessage(
        new Map<string, Message | number | ReturnType<typeof float32Array>>([
          ["actions", float32Array(safe.actions)],
          ["clamped", sum(safe.clamped)],
          ["slowed", sum(safe.slowed)],
          ["late_ms", Math.max(0, answered - came - this.#deadlineMs(robot))],
          ...(policy.saysActions ? [["said_steps", chunk.saidSteps] as const] : []),
          ["policy_timing", new Map([["infer_ms", answered - asked]])],
          ["server_timing", timing],
        ]),
      ),
    );
    this.#previousMs = now() - came;
  }

  #deadlineMs({ stepsPerSecond }: ServedRobot): number {
    const { deadlineMs, policy } = this.#options;
    return deadlineMs ?? (1000 * policy.steps) / stepsPerSecond;
  }

  /** A text frame, which openpi's client raises as an error, and the close code of its server. */
  #refuse(error: unknown): void {
    const { log, number } = this.#options;
    const said = error instanceof InputError ? error.message : "the server failed; its log says how";
    log(
      `connection ${number}: ${error instanceof InputError ? said : String(error instanceof Error ? error.stack : error)}`,
    );
    this.#client.send(said);
    const kind = refusalKindOf(error);
    this.#client.close(
      kind === "rate" || kind === "queue" ? tryLater : internalError,
      "The message is in the frame before.",
    );
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** The robot and the noise that a connection's address asks for. */
function choiceOf({ url }: IncomingMessage, { policy, seed, number }: ConnectionOptions) {
  const asked = new URL(url ?? "/", "ws://server").searchParams;
  const robot = policy.robot(
    Object.fromEntries(
      ["robotType", "dataset", "controlMode"].flatMap((name) => {
        const value = asked.get(name);
        return value === null ? [] : [[name, value]];
      }),
    ),
  );
  const own = asked.get("seed");
  if (own !== null && !/^\d{1,9}$/.test(own)) throw new InputError(`seed: expected a whole number, got "${own}"`);
  return { robot, seed: own === null ? seed + number : Number(own) };
}

function metadataOf(policy: LoadedPolicy, robot: ServedRobot, keys: ObservationKeys): Message {
  const { embodiment } = robot;
  return new Map<string, Parameters<typeof encodeMessage>[0] | string | number | string[]>([
    ["policy", policy.recipe.policy.variant],
    ["step", policy.step],
    ["robot", embodiment.robotType],
    ["dataset", robot.dataset],
    ["control_mode", embodiment.controlMode],
    ["action_steps", policy.steps],
    ["steps_per_second", robot.stepsPerSecond],
    ["action_names", embodiment.dofs.map(({ name }) => name)],
    ["state_names", embodiment.states.map(({ name }) => name)],
    ["state_keys", [...keys.state]],
    ["picture_keys", Object.values(keys.pictures)],
  ]);
}
