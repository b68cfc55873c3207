import type { RobotObservation } from "../batch/observation.ts";
import type { Picture } from "../dataset/dataset.ts";
import type { Embodiment, Entry } from "../embodiment/embodiment.ts";
import { InputError } from "../input-error.ts";
import type { Chunking } from "../objective/chunking.ts";
import type { Controller } from "../simulation/controller.ts";
import type { Design } from "../simulation/design.ts";
import type { StateObservation } from "../simulation/environment.ts";
import { embodimentOf } from "../simulation/simulated-robot.ts";
import type { ActionChunk, ActionRequest } from "./action.ts";
import type { ServedRobot } from "./robot.ts";
import { type AnswerCounts, counted, noAnswers } from "./said.ts";
import type { Session } from "./session.ts";

/** The robot of a policy whose dofs, states, cameras and rates are a simulated robot's, and what its observations hold. */
export interface FittingRobot {
  readonly served: ServedRobot;
  readonly observation: "pictures" | "state";
}

/**
 * The robot of a policy that a simulated robot is.
 *
 * @param dataset whose robot it is to the policy; `null` where only one robot of the policy fits
 * @throws InputError where none fits, with the dofs, states, cameras, control mode or rate that differ, or where several fit
 */
export function fittingRobot(robots: readonly ServedRobot[], design: Design, dataset: string | null): FittingRobot {
  const asked = robots.filter((robot) => dataset === null || robot.dataset === dataset);
  if (asked.length === 0)
    throw new InputError(
      `dataset: expected one that the policy acts for, got "${dataset}"; it knows: ${robots.map((robot) => robot.dataset).join(", ")}`,
    );
  const tries = asked.flatMap((served) =>
    (["pictures", "state"] as const).map((observation) => ({
      fit: { served, observation },
      problems: misfits(served, design, embodimentOf(design, observation)),
    })),
  );
  const fitting = tries.filter(({ problems }) => problems.length === 0).map(({ fit }) => fit);
  const [found, ...others] = fitting;
  if (found !== undefined && others.length === 0) return found;
  if (found !== undefined)
    throw new InputError(
      `robot "${design.name}": expected one robot of the policy that fits, got ${fitting.length}; name its dataset: ${fitting.map(({ served }) => served.dataset).join(", ")}`,
    );
  const nearest = asked.map(({ name }) => {
    const own = tries.filter(({ fit }) => fit.served.name === name).map(({ problems }) => problems);
    return `${name}: ${own.reduce((least, each) => (each.length < least.length ? each : least)).join(", ")}`;
  });
  throw new InputError(`robot "${design.name}": the policy acts for no robot like it; ${nearest.join("; ")}`);
}

function misfits({ embodiment, ...served }: ServedRobot, design: Design, own: Embodiment): string[] {
  const keys = own.cameras.map(({ key }) => key);
  const missing = embodiment.cameras.map(({ key }) => key).filter((key) => key !== null && !keys.includes(key));
  return [
    ...differing("robot type", own.robotType, embodiment.robotType),
    ...differing("control mode", own.controlMode, embodiment.controlMode),
    ...differing("dofs", named(own.dofs), named(embodiment.dofs)),
    ...differing("states", named(own.states), named(embodiment.states)),
    ...(missing.length === 0 ? [] : [`camera ${keys.join(", ") || "none"}, not ${missing.join(", ")}`]),
    ...differing("frames per second", design.framesPerSecond, served.framesPerSecond),
    ...differing("action steps per second", design.framesPerSecond, served.stepsPerSecond),
  ];
}

/** What the simulated robot has, and what the policy was trained on. */
function differing(what: string, own: string | number, trained: string | number): string[] {
  return own === trained ? [] : [`${what} ${own}, not ${trained}`];
}

function named(entries: readonly Entry[]): string {
  return `${entries.length} (${entries.map(({ name }) => name).join(" ")})`;
}

export interface ControllerOptions {
  readonly environmentCount: number;
  /** Of the noise. */
  readonly seed: number;
  /** Steps from a question to the first action of its answer, for a policy that goes on from the chunk before; absent: none. */
  readonly delay?: number | undefined;
}

/** A policy as far as robots need it: one that was loaded, or one in a page. */
export interface ActingPolicy {
  /** The most robots in one call. */
  readonly rows: number;
  /** Of its chunks. */
  readonly steps: number;
  /** Observation slots that it reads: 1 where it knows no history. */
  readonly observations: number;
  readonly chunking: Chunking | undefined;
  /** Whether its actions are what an answer says. */
  readonly saysActions: boolean;
  session(robot: ServedRobot, options: { readonly seed: number }): Session;
  /** A chunk for each request, in order. */
  act(requests: readonly ActionRequest[]): Promise<readonly ActionChunk[]>;
}

/** A policy that controls simulated robots, each with a session of its own. */
export class PolicyController implements Controller {
  readonly environmentCount: number;
  readonly horizon: number;
  readonly looksOnlyAsAsked: boolean;
  readonly #policy: ActingPolicy;
  readonly #robot: ServedRobot;
  readonly #seed: number;
  readonly #delay: number;
  readonly #running: ({ readonly session: Session; readonly episode: number; prompt: string } | null)[];
  #ms = 0;
  #answers = noAnswers;

  constructor(policy: ActingPolicy, robot: ServedRobot, { environmentCount, seed, delay = 0 }: ControllerOptions) {
    this.#delay = delay;
    this.#policy = policy;
    this.#robot = robot;
    this.#seed = seed;
    this.environmentCount = environmentCount;
    this.horizon = policy.steps;
    this.looksOnlyAsAsked = policy.observations === 1;
    this.#running = new Array(environmentCount).fill(null);
  }

  /** Milliseconds in which the policy computed actions so far. */
  get ms(): number {
    return this.#ms;
  }

  /** What became of its answers so far; `null` where the policy says no actions. */
  get answers(): AnswerCounts | null {
    return this.#policy.saysActions ? this.#answers : null;
  }

  begin(environment: number, episode: number): void {
    const session = this.#policy.session(this.#robot, { seed: this.#seed });
    this.#running[environment] = { session, episode, prompt: "" };
  }

  see(environment: number, observed: StateObservation, pictures: ReadonlyMap<string, Picture> | null): void {
    const running = this.#runningIn(environment);
    const { prompt } = this.#robot.embodiment.columns;
    running.prompt = prompt.kind === "fixed" ? prompt.text : observed.instruction;
    running.session.see(this.#observation(observed, pictures));
  }

  async act(environments: readonly number[]): Promise<readonly (readonly (readonly number[])[])[]> {
    const from = performance.now();
    const requests = environments.map((environment) => {
      const { session, episode, prompt } = this.#runningIn(environment);
      const waiting = { delay: this.#delay, carriedOut: null };
      const request = this.#policy.chunking === undefined ? session.ask(prompt) : session.askAfter(prompt, waiting);
      return { ...request, noise: { ...request.noise, episode } };
    });
    const chunks: ActionChunk[] = [];
    // Unused rows take as long as used ones, and arrays of many rows leave the processor's cache.
    for (let at = 0; at < requests.length; at += this.#policy.rows)
      chunks.push(...(await this.#policy.act(requests.slice(at, at + this.#policy.rows))));
    this.#ms += performance.now() - from;
    for (const { saidSteps } of chunks) this.#answers = counted(this.#answers, saidSteps, this.horizon);
    for (const [at, environment] of environments.entries())
      this.#runningIn(environment).session.keep(chunks[at]!, requests[at]!.noise.frame);
    return chunks.map(({ actions }) => actions);
  }

  #observation({ state }: StateObservation, found: ReadonlyMap<string, Picture> | null): RobotObservation {
    const pictures = this.#robot.embodiment.cameras.flatMap(({ view, key }) =>
      key === null ? [] : [[view, found?.get(key) ?? null] as const],
    );
    return { state, pictures: Object.fromEntries(pictures) };
  }

  #runningIn(environment: number) {
    const running = this.#running[environment];
    if (running === null || running === undefined)
      throw new RangeError(`environment ${environment}: expected an episode, got none`);
    return running;
  }
}
