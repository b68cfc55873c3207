import type { Robot, RobotObservation } from "../batch/observation.ts";
import { misfits, type PolicyInput } from "../batch/observation.ts";
import { nearestFrame, type ObservationSlots, observationWindow } from "../dataset/chunk.ts";
import type { Picture } from "../dataset/dataset.ts";
import { type Letterbox, shrink, squared } from "../embodiment/picture.ts";
import { statesAt } from "../embodiment/window.ts";
import { HostArray } from "../graph/host-array.ts";
import { InputError } from "../input-error.ts";

/** How a robot's history is cut into observation slots. */
export interface HistoryChoice {
  readonly slots: ObservationSlots;
  readonly framesPerSecond: number;
  /** Side of the policy's pictures, in pixels: larger pictures are made as small before they are kept. */
  readonly pictureSize: number;
  readonly letterbox: Letterbox;
}

/**
 * The observations of one robot since its session began, as far back as its policy's observation slots reach.
 *
 * Each slot holds what a dataset gives at the same frame of an episode: a slot before the first frame does not exist, and states
 * between two frames are interpolated in the same way.
 */
export class History {
  readonly #robot: Robot;
  readonly #choice: HistoryChoice;
  /** The last frames; the first of them is frame `#start` of the session. */
  readonly #frames: RobotObservation[] = [];
  /** Even: of two frames equally near the even one is taken, so frames are counted as an episode counts them. */
  #start = 0;

  constructor(robot: Robot, choice: HistoryChoice) {
    this.#robot = robot;
    this.#choice = choice;
  }

  /** Frames seen since the session began. */
  get length(): number {
    return this.#start + this.#frames.length;
  }

  /**
   * Adds the robot's observation at its next frame. What is given is copied.
   *
   * @throws InputError naming the robot where an observation does not fit it; the history stays as it was
   */
  see(observation: RobotObservation): void {
    const problems = misfits(this.#robot.embodiment, observation);
    if (problems.length > 0) throw new InputError(`${this.#robot.name}: ${problems.join("; ")}`);
    this.#frames.push(this.#copy(observation));
    const oldest = Math.floor(this.#window().positions[0]!);
    while (this.#start + 2 <= oldest) {
      this.#frames.splice(0, 2);
      this.#start += 2;
    }
  }

  /**
   * The observation slots, oldest first; the last is now.
   *
   * @throws InputError if nothing was seen yet
   */
  get observations(): PolicyInput["observations"] {
    const now = this.#frames.at(-1);
    if (now === undefined)
      throw new InputError(`${this.#robot.name}: expected an observation, got none since the session began`);
    const { positions, real } = this.#window();
    const width = this.#robot.embodiment.states.length;
    const states = this.#states();
    const slots = Array.from(positions, (position, slot): RobotObservation | null => {
      if (!real.isReal(slot)) return null;
      const { pictures } = this.#frames[nearestFrame(position) - this.#start]!;
      return { state: states.slice(slot * width, (slot + 1) * width), pictures };
    });
    return [...slots.slice(0, -1), slots.at(-1) ?? now];
  }

  /** Forgets all observations: the next one begins a session. */
  reset(): void {
    this.#frames.length = 0;
    this.#start = 0;
  }

  #window() {
    const { slots, framesPerSecond } = this.#choice;
    return observationWindow({ length: this.length, framesPerSecond }, this.length - 1, slots);
  }

  /** `[o s]`, NaN where a slot does not exist. */
  #states(): Float64Array {
    const { embodiment } = this.#robot;
    const shape = [this.#frames.length, embodiment.states.length];
    const cells = Float64Array.from(this.#frames.flatMap(({ state }) => [...state]));
    const { positions, real } = this.#window();
    const moved = { positions: positions.map((position) => position - this.#start), real };
    return statesAt({ embodiment, states: new HostArray("i j", shape, "float64", cells) }, moved).read(
      (values) => values.cells,
    );
  }

  #copy({ state, pictures }: RobotObservation): RobotObservation {
    const copies = Object.entries(pictures).map(([view, picture]) => [view, picture && this.#small(picture)] as const);
    return { state: [...state], pictures: Object.fromEntries(copies) };
  }

  #small(picture: Picture): Picture {
    const { pictureSize: side, letterbox } = this.#choice;
    const isShrunk = letterbox === "antialiased-centred";
    const small = isShrunk ? shrink(picture, { height: side, width: side }) : squared(picture, side, letterbox);
    return small === picture ? new HostArray("h w c", picture.shape, "uint8", Uint8Array.from(picture.cells)) : small;
  }
}
