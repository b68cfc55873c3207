import type { Picture } from "../../../../dataset/dataset.ts";
import type { RunnableProgram } from "../../../../graph/runnable.ts";
import { PolicyController } from "../../../../serving/simulated.ts";
import { answer, type EpisodeEnd, type EpisodeLog, RobotEpisode } from "../../../../simulation/episode.ts";
import { createRobot, findRobot } from "../../../../simulation/robots.ts";
import type { SimulatedRobot } from "../../../../simulation/simulated-robot.ts";
import type { LiveRobotJson } from "../../../rollouts/robots.ts";
import type { EngineFacts, EngineFrame, EnginePicture, NamedEntry, PlayedStart } from "./messages.ts";
import { PagePolicy } from "./page-policy.ts";

/** Pixels of a picture's side on the page. */
const side = 288;

/** A simulated robot and its policy, which acts for it as `armature rollout` lets it act. */
export class LiveRobot {
  readonly #live: LiveRobotJson;
  readonly #robot: SimulatedRobot;
  readonly #policy: PagePolicy;
  #moment: Moment;

  private constructor(live: LiveRobotJson, robot: SimulatedRobot, policy: PagePolicy) {
    this.#live = live;
    this.#robot = robot;
    this.#policy = policy;
    this.#moment = this.#begun(live.seed, 0);
  }

  /** At start 0 of the robot's own seed. @throws InputError where the robot's options do not fit it or the program is another's */
  static async open(live: LiveRobotJson, program: RunnableProgram): Promise<LiveRobot> {
    const policy = new PagePolicy(live, program);
    return new LiveRobot(live, await createRobot(findRobot(live.design), live.options), policy);
  }

  get facts(): EngineFacts {
    const { design, execution, seed, step } = this.#live;
    const { targetArea, stepLimit, framesPerSecond } = findRobot(design);
    const { dofs, states } = this.#robot.embodiment;
    const rates = { stepLimit, framesPerSecond, execute: execution.execute };
    return { design, targetArea, ...rates, dofs: dofs.map(named), states: states.map(named), seed, step };
  }

  begin(seed: number, start: number): void {
    this.#moment = this.#begun(seed, start);
  }

  /** One step of the episode. It goes on after its end, so that the target can be dragged elsewhere. */
  async step(): Promise<void> {
    const { episode, controller } = this.#moment;
    episode.look(null);
    if (episode.asks) {
      const from = performance.now();
      const [chunk = []] = await controller.act([0]);
      this.#moment = { ...this.#moment, chunk, askedAt: episode.steps, policyMs: performance.now() - from };
      episode.put(chunk);
    }
    episode.step();
    this.#moment = { ...this.#moment, end: this.#moment.end ?? this.#endNow() };
  }

  moveTarget(to: readonly [x: number, y: number]): void {
    this.#robot.moveTarget(to);
    this.#moment = { ...this.#moment, soughtFrom: this.#moment.episode.steps, end: null };
  }

  /** Puts the target where a camera sees a point of its picture; nowhere else where it sees no table there. */
  moveTargetTo(camera: string, point: { readonly across: number; readonly down: number }): void {
    const place = this.#robot.tableAt(camera, point);
    if (place !== null) this.moveTarget([place[0], place[1]]);
  }

  /** A whole start, as fast as it goes. */
  async play(seed: number, start: number): Promise<PlayedStart> {
    const { episode, controller } = this.#begun(seed, start);
    for (;;) {
      episode.look(null);
      await answer([episode], controller);
      const end = episode.step();
      if (end !== null) return { episode: start, ...end };
    }
  }

  get frame(): EngineFrame {
    const { seed, episode, chunk, askedAt, policyMs, end } = this.#moment;
    const { state, instruction } = this.#robot.observeState();
    const [x, y] = this.#robot.target;
    const pictures = [...this.#robot.show(side)].map(([camera, picture]) => onCanvas(camera, picture));
    const told = { instruction, state: [...state], target: [x, y] as const, chunk, askedAt, policyMs, end };
    return { seed, start: episode.number, steps: episode.steps, pictures, ...told };
  }

  /** A target that was put elsewhere has as many steps as that of the start. */
  #endNow(): EpisodeEnd | null {
    const { episode, soughtFrom } = this.#moment;
    const [isSuccess, steps] = [this.#robot.isSuccess(), episode.steps - soughtFrom];
    return isSuccess || steps >= this.#robot.stepLimit ? { isSuccess, steps } : null;
  }

  #begun(seed: number, start: number): Moment {
    const { execution } = this.#live;
    const controller = new PolicyController(this.#policy, this.#policy.robot, { environmentCount: 1, seed });
    const controlled = { robot: this.#robot, controller, environment: 0 };
    const episode = new RobotEpisode(controlled, { seed, episode: start, execution }, unread);
    return { seed, controller, episode, chunk: [], askedAt: 0, policyMs: 0, soughtFrom: 0, end: null };
  }
}

/** Where an episode is. */
interface Moment extends Pick<EngineFrame, "seed" | "chunk" | "askedAt" | "policyMs"> {
  readonly controller: PolicyController;
  readonly episode: RobotEpisode<EpisodeLog>;
  /** Step since which the target lies where it does. */
  readonly soughtFrom: number;
  readonly end: EpisodeEnd | null;
}

const unread: EpisodeLog = { update: () => {} };

function named({ name, unit }: NamedEntry): NamedEntry {
  return { name, unit };
}

function onCanvas(camera: string, { cells, shape: [height = 0, width = 0] }: Picture): EnginePicture {
  const out = new Uint8ClampedArray(4 * height * width);
  for (let pixel = 0; pixel < height * width; pixel++) {
    out.set(cells.subarray(3 * pixel, 3 * pixel + 3), 4 * pixel);
    out[4 * pixel + 3] = 255;
  }
  return { camera, side: width, cells: out };
}
