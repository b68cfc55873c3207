import type { Picture } from "../../../src/dataset/dataset.ts";
import type { Controller } from "../../../src/simulation/controller.ts";
import type { StateObservation } from "../../../src/simulation/environment.ts";
import { average } from "../statistics.ts";

/** An entry of a robot's state, and what one unit of its speed is. */
export interface WatchedEntry {
  readonly at: number;
  /** Standard deviation of the entry. */
  readonly scale: number;
}

/** A controller that remembers what its robots' states were. */
export class MotionWatch implements Controller {
  readonly #controller: Controller;
  readonly #entries: readonly WatchedEntry[];
  readonly #episodes = new Map<number, number[][]>();
  readonly #running: number[][][] = [];

  constructor(controller: Controller, entries: readonly WatchedEntry[]) {
    this.#controller = controller;
    this.#entries = entries;
  }

  get environmentCount(): number {
    return this.#controller.environmentCount;
  }

  get horizon(): number {
    return this.#controller.horizon;
  }

  get looksOnlyAsAsked(): boolean {
    return this.#controller.looksOnlyAsAsked;
  }

  begin(environment: number, episode: number): void {
    const states: number[][] = [];
    this.#episodes.set(episode, states);
    this.#running[environment] = states;
    this.#controller.begin(environment, episode);
  }

  see(environment: number, observed: StateObservation, pictures: ReadonlyMap<string, Picture> | null): void {
    this.#running[environment]!.push(this.#entries.map(({ at, scale }) => observed.state[at]! / scale));
    this.#controller.see(environment, observed, pictures);
  }

  act(environments: readonly number[]): Promise<readonly (readonly (readonly number[])[])[]> {
    return this.#controller.act(environments);
  }

  /** How fast an episode's robot was over the last second that was seen: mean over entries, in standard deviations per second. */
  lastSecondSpeed(episode: number, framesPerSecond: number): number {
    const last = this.#episodes.get(episode)!.slice(-1 - Math.round(framesPerSecond));
    const changes = last.slice(1).map((state, at) => average(state.map((x, entry) => Math.abs(x - last[at]![entry]!))));
    return changes.length === 0 ? 0 : framesPerSecond * average(changes);
  }
}
