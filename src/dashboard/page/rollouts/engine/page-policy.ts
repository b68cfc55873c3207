import { byteTokenizer } from "../../../../codec/prompt.ts";
import type { RunnableProgram } from "../../../../graph/runnable.ts";
import type { ActionChunk, ActionRequest } from "../../../../serving/action.ts";
import { ExportedSampler } from "../../../../serving/exported-sampler.ts";
import { chunkOf, noiseKeyOf, type PolicyReading, perceived, sessionOf } from "../../../../serving/perceive.ts";
import type { ServedRobot } from "../../../../serving/robot.ts";
import type { Session } from "../../../../serving/session.ts";
import type { ActingPolicy } from "../../../../serving/simulated.ts";
import type { LiveRobotJson, PlainRobot } from "../../../rollouts/robots.ts";

/** A run's policy for one robot, by its exported program: it reads, draws its noise and acts by the code that serves it elsewhere. */
export class PagePolicy implements ActingPolicy {
  readonly rows = 1;
  readonly chunking = undefined;
  readonly saysActions = false;
  readonly robot: ServedRobot;
  readonly #reading: PolicyReading;
  readonly #sampler: ExportedSampler;

  /** @throws InputError where the program gives other actions than the robot's */
  constructor({ robot, reading, unrealInput }: LiveRobotJson, program: RunnableProgram) {
    this.robot = servedOf(robot);
    this.#reading = reading;
    const feeding = { layout: reading.layout, unrealInput, robot: this.robot };
    this.#sampler = ExportedSampler.of(place, program, feeding);
  }

  get steps(): number {
    return this.#reading.layout.steps;
  }

  get observations(): number {
    return this.#reading.layout.observations;
  }

  session(robot: ServedRobot, { seed }: { readonly seed: number }): Session {
    return sessionOf(robot, this.#reading, seed);
  }

  async act(requests: readonly ActionRequest[]): Promise<ActionChunk[]> {
    const chunks: ActionChunk[] = [];
    for (const request of requests) {
      const batch = perceived([request], { ...this.#reading, tokenizer: byteTokenizer });
      const cells = await this.#sampler.run(batch, request, noiseKeyOf(request));
      chunks.push(chunkOf(place, request.robot, cells, this.steps));
    }
    return chunks;
  }
}

/** Names the policy in errors. */
const place = "the policy in the page";

function servedOf({ units, ...robot }: PlainRobot): ServedRobot {
  const own = ({ mode, center, scale }: PlainRobot["units"]["state"]) => {
    return { mode, center: Float64Array.from(center), scale: Float64Array.from(scale) };
  };
  return { ...robot, units: { action: own(units.action), state: own(units.state) }, seen: null };
}
