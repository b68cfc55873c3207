import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import { decodeMessage, encodeMessage, type Message } from "../../../client/message.ts";
import { InputError } from "../../input-error.ts";
import { refuseStale } from "../observation-age.ts";
import { Refusal, refusalKindOf, toldOf } from "../refusal.ts";
import type { ServedSession } from "../served-session.ts";
import { answerTurn, servedSession } from "./answer.ts";
import { choiceIn } from "./choice.ts";
import { askedBy, type ObservationKeys } from "./keys.ts";
import type { LogFields } from "./log.ts";
import { metadataOf } from "./metadata.ts";
import { replyOf } from "./reply.ts";
import type { Shared } from "./shared.ts";

/** As openpi's server says it, with a message in place of a stack trace. */
const internalError = 1011;
export const tryLater = 1013;

export interface ConnectionOptions extends Shared {
  /** Of the connection, from 0. */
  readonly number: number;
  /** Who asks, as rates are counted. */
  readonly caller: string;
}

/** One client: its robot, its session, and its messages one after the other. */
export class Connection {
  readonly #client: WebSocket;
  readonly #options: ConnectionOptions;
  #last: Promise<void> = Promise.resolve();
  #previousMs: number | null = null;
  #waiting = 0;
  #isRefused = false;
  /** Whether it has been sent the metadata. */
  #isTold = false;
  #session: ServedSession | null = null;
  readonly #idle: NodeJS.Timeout;

  constructor(client: WebSocket, request: IncomingMessage, options: ConnectionOptions) {
    this.#client = client;
    this.#options = options;
    const { idleMs } = options.limits;
    const idle = new Refusal("idle", `connection: expected a message within ${idleMs / 1000} s, got none`);
    this.#idle = setTimeout(() => (this.#waiting > 0 ? this.#idle.refresh() : this.#refuse(idle)), idleMs);
    client.on("close", (code) => {
      clearTimeout(this.#idle);
      void this.#last.then(() => this.#session?.end());
      options.log(`connection ${options.number}: closed with ${code}`, this.#event("closed"));
    });
    client.on("error", (error) => options.log(`connection ${options.number}: ${error.message}`, this.#event("note")));
    try {
      const { query, seed } = choiceIn(request.url ?? "");
      const robot = options.policy.robot(query);
      const { number } = options;
      const session = servedSession(options, robot, { seed: seed ?? options.seed + number, number });
      this.#session = session;
      options.log(`connection ${options.number}: acts for ${robot.name}`, this.#event("connected"));
      const keys = options.keys(robot);
      client.send(encodeMessage(metadataOf(options.policy, robot, keys)));
      this.#isTold = true;
      client.on("message", (data, isBinary) => this.#receive(session, keys, data, isBinary));
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Answers what has been asked, then closes. */
  async end(): Promise<void> {
    await this.#last;
    this.#session?.end();
    this.#client.close(1001, "the server stops");
  }

  #receive(session: ServedSession, keys: ObservationKeys, data: unknown, isBinary: boolean): void {
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
    const { mayAsk, caller, limits } = this.#options;
    const { bufferedAmount: unread } = this.#client;
    // What a client does not read waits here. (Of answers to pings `ws` itself keeps 60 at most.)
    if (unread > limits.messageBytes)
      return new Refusal(
        "queue",
        `connection: expected a client that reads what it is sent, got ${unread} bytes that wait`,
      );
    if (!mayAsk(caller))
      return new Refusal("rate", `connection: expected at most ${limits.perSecond} messages per second, got more`);
    if (this.#waiting < limits.waiting) return null;
    return new Refusal(
      "queue",
      `connection: expected at most ${limits.waiting} messages that wait for answers, got more`,
    );
  }

  async #answer(session: ServedSession, keys: ObservationKeys, message: Message, came: number): Promise<void> {
    const { now, log, number, policy, clock, staleMs } = this.#options;
    const begun = now();
    const frame = askedBy(message, keys, session.session.robot);
    refuseStale(frame.time, clock(), staleMs);
    const why = session.see({ ...frame, lastStep: null }, { ms: came, time: clock() / 1000 });
    if (why !== null) log(`connection ${number}: ${why}`, this.#event("note"));
    if (!frame.acts) {
      this.#client.send(encodeMessage(new Map([["seen", true]])));
      return;
    }
    const turn = { question: session.question(), said: frame.continuation, came, begun, connection: number };
    const sent = await answerTurn(this.#options, session, turn, ({ safe, saidSteps, ...times }) => {
      const said = policy.saysActions ? saidSteps : null;
      this.#client.send(encodeMessage(replyOf(safe, { ...times, saidSteps: said, previousMs: this.#previousMs })));
      return safe.actions.length;
    });
    this.#previousMs = sent - came;
  }

  /**
   * A text frame, which openpi's client raises as an error, and the close code of its server. In place of the metadata that client takes a text
   * for bytes, and says nothing of what is in it: there the reason of the close says it.
   */
  #refuse(error: unknown): void {
    const { log, number, metrics } = this.#options;
    const kind = refusalKindOf(error);
    const { said, why } = toldOf(error);
    log(`connection ${number}: ${why}`, { ...this.#event("refused"), kind });
    metrics.refused(kind);
    this.#isRefused = true;
    if (this.#isTold) this.#client.send(said);
    const code = kind === "rate" || kind === "queue" ? tryLater : internalError;
    this.#client.close(code, this.#isTold ? "The message is in the frame before." : reasonOf(said));
  }

  #event(event: LogFields["event"]): LogFields {
    return { event, connection: this.#options.number };
  }
}

/** A text as the reason of a close, which has 123 bytes at most; a character that is cut goes whole. */
function reasonOf(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= 123) return text;
  return `${bytes
    .subarray(0, 120)
    .toString()
    .replace(/\uFFFD+$/, "")}…`;
}
