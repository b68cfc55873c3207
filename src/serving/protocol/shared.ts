import type { ActionChunk, ActionRequest } from "../action.ts";
import type { LoadedPolicy } from "../policy.ts";
import { Asking } from "./asking.ts";
import { type Acting, Batcher } from "./batcher.ts";
import { ServerMetrics } from "./metrics.ts";
import type { ServerOptions } from "./options.ts";
import { CallerRates } from "./token-bucket.ts";
import { youngMemory } from "./young-memory.ts";

/** What the robots of a server share, whichever protocol they speak. */
export interface Shared extends ServerOptions {
  readonly batcher: Batcher<ActionRequest, ActionChunk>;
  readonly metrics: ServerMetrics;
  readonly places: ConnectionPlaces;
  /** A call waits for as many questions. */
  readonly asking: Asking;
  /** Whether a caller is within its rate; asking counts. */
  readonly mayAsk: (caller: string) => boolean;
}

export function sharedOf(options: ServerOptions): Shared {
  const metrics = new ServerMetrics(options.policy.robots, options.recorder);
  const rates = new CallerRates(options.limits.perSecond);
  const places = new ConnectionPlaces(options.limits.connections, metrics);
  const asking = new Asking();
  const gathering = { robots: () => asking.count, longestMs: options.gatherMs };
  return {
    ...options,
    metrics,
    batcher: new Batcher(counting(options.policy, metrics), gathering),
    places,
    asking,
    mayAsk: (caller) => rates.take(caller, options.now()),
  };
}

/** Connections that may be open at the same time, each with its number. */
export class ConnectionPlaces {
  readonly #most: number;
  readonly #metrics: ServerMetrics;
  #taken = 0;
  #next = 0;

  constructor(most: number, metrics: ServerMetrics) {
    this.#most = most;
    this.#metrics = metrics;
  }

  /** The number of a new connection, from 0; `null` where there are too many, which counts as a refusal. */
  take(): number | null {
    if (this.#taken >= this.#most) {
      this.#metrics.refused("connections");
      return null;
    }
    this.#taken++;
    this.#metrics.sessions(1);
    return this.#next++;
  }

  /** The number of one more session of a connection that has a place. */
  another(): number {
    return this.#next++;
  }

  /** A connection that had a place is closed. */
  leave(): void {
    this.#taken--;
    this.#metrics.sessions(-1);
  }
}

/** Whose calls are counted by how many questions they answer, and give this thread time to collect. */
function counting(policy: LoadedPolicy, metrics: ServerMetrics): Acting<ActionRequest, ActionChunk> {
  const collect = youngMemory();
  return {
    rows: policy.rows,
    lanes: policy.lanes,
    act(questions: readonly ActionRequest[]): Promise<readonly ActionChunk[]> {
      metrics.batch(questions.length);
      const answers = policy.act(questions);
      collect();
      return answers;
    },
  };
}
