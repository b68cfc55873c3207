import type { ActionRules } from "../guard.ts";
import type { LoadedPolicy } from "../policy.ts";
import type { Recorder } from "../recording/recorder.ts";
import type { ServedRobot } from "../robot.ts";
import type { SessionChoice } from "../served-session.ts";
import type { ObservationKeys } from "./keys.ts";
import type { Tls } from "./listener.ts";
import type { Log } from "./log.ts";

/** How a policy is served. */
export interface ServerOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** How LeRobot's own clients are served as well; absent: they are not. */
  readonly lerobot?: LerobotOptions | undefined;
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
  /** How long a call waits for other robots that are connected, at most, in milliseconds. */
  readonly gatherMs: number;
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
  /** How sessions go on and begin anew; absent: as the client says, each chunk by itself. */
  readonly sessions?: SessionChoice | undefined;
  /** Writes what is asked and answered; absent: nobody does. */
  readonly recorder?: Recorder | undefined;
  /** Told of each connection and each mistake of a client, in one line. */
  readonly log: Log;
}

/** How LeRobot's clients are served. */
export interface LerobotOptions {
  /** 0 for any that is free. */
  readonly port: number;
  /** Where frames of LeRobot's clients hold what a robot perceives. */
  readonly keys: (robot: ServedRobot) => ObservationKeys;
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
