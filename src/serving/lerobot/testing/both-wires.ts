import { expect } from "vitest";
import { float32Array } from "../../../../client/array.ts";
import type { MessageValue } from "../../../../client/message.ts";
import type { LoadedPolicy } from "../../policy.ts";
import type { ServerOptions } from "../../protocol/options.ts";
import type { RunningServer } from "../../protocol/server.ts";
import { actionsOf, message, Client as OpenpiClient, startedFor } from "../../protocol/testing/served.ts";
import { plainSessions, type SessionChoice } from "../../served-session.ts";
import { frameKeys } from "../fit.ts";
import { empty, encodeBytes } from "../wire.ts";
import { cellsInPickle, LerobotRobot, observedAt, pickled } from "./recorded-robot.ts";

type State = readonly [number, number];
/** At a step, as float32, which is what LeRobot's datasets hold. */
export const stateAt = (step: number): State => [Math.fround(0.25 + step / 50), Math.fround(step / 50 - 0.5)];

export interface LerobotFrame extends NonNullable<Parameters<typeof observedAt>[0]> {
  /** Whether its actions are fetched, or the observation is only sent. */
  readonly fetched?: boolean;
}

/** A robot of each wire on one server; each starts with the noise of seed 41. */
export class RobotPair {
  readonly server: RunningServer;
  readonly lerobot: LerobotRobot;
  readonly openpi: OpenpiClient;

  private constructor(server: RunningServer) {
    this.server = server;
    this.lerobot = new LerobotRobot(server);
    this.openpi = new OpenpiClient(server, "/?seed=41");
  }

  static async on(
    policy: LoadedPolicy,
    sessions: Partial<SessionChoice>,
    changes: Partial<ServerOptions> & { readonly actionsPerChunk?: number } = {},
  ): Promise<RobotPair> {
    const { actionsPerChunk = 50, ...options } = changes;
    const lerobot = { port: 0, keys: frameKeys };
    const robots = new RobotPair(
      await startedFor(policy, { lerobot, sessions: { ...plainSessions, ...sessions }, ...options }),
    );
    await robots.openpi.next();
    const setup = pickled.setup.replace(
      "actions_per_chunk\x94K2",
      `actions_per_chunk\x94K${String.fromCharCode(actionsPerChunk)}`,
    );
    expect(await robots.lerobot.begins(encodeBytes(Buffer.from(setup, "latin1")))).toEqual(empty);
    return robots;
  }

  /** What a robot of LeRobot's client is given at a step. */
  async asks({ fetched = true, ...frame }: LerobotFrame): Promise<number[]> {
    const pieces = observedAt({ state: stateAt(frame.timestep ?? 0), ...frame });
    if (fetched) return cellsInPickle(await this.lerobot.asks(pieces));
    expect(await this.lerobot.send(pieces)).toEqual(empty);
    return [];
  }

  /** What a robot of openpi's is given at a step. */
  async infers(step: number, changes: Readonly<Record<string, MessageValue>> = {}): Promise<number[]> {
    const reply = await this.openpi.ask(message({ "observation/state": float32Row(stateAt(step)), ...changes }));
    return typeof reply !== "string" && reply.has("seen") ? [] : actionsOf(reply);
  }

  async stop(): Promise<void> {
    this.lerobot.close();
    this.openpi.close();
    await this.openpi.closed;
    await this.server.stop();
  }
}

function float32Row(row: State): MessageValue {
  const { dtype, bytes } = float32Array([row]);
  return { dtype, shape: [row.length], bytes };
}
