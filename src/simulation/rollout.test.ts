import { afterEach, describe, expect, it } from "vitest";
import type { Picture } from "../dataset/dataset.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import type { Controller } from "./controller.ts";
import type { RobotEnvironment, StateObservation } from "./environment.ts";
import { towards } from "./motion.ts";
import { createRobot, findRobot } from "./robots.ts";
import { type Rollout, type RolloutPlan, rollOut } from "./rollout.ts";

const open: RobotEnvironment[] = [];
afterEach(() => {
  for (const robot of open.splice(0)) robot.close();
});

/** Reachers that are told where the dot is, or that see it. */
async function reachers(count: number, observation: "pictures" | "state"): Promise<RobotEnvironment[]> {
  const design = findRobot("reacher");
  const options = { ...design.defaults, imageSize: 16, observation };
  const made = await Promise.all(Array.from({ length: count }, () => createRobot(design, options)));
  open.push(...made);
  return made;
}

/** Bends the arm so that its tip comes to the dot, six steps at a time; it knows what it was asked and shown. */
class Bender implements Controller {
  readonly horizon = 6;
  readonly looksOnlyAsAsked = true;
  readonly batches: number[] = [];
  readonly #observed = new Map<number, StateObservation>();
  looks = 0;
  readonly environmentCount: number;

  constructor(environmentCount: number) {
    this.environmentCount = environmentCount;
  }

  begin(environment: number): void {
    this.#observed.delete(environment);
  }

  see(environment: number, observed: StateObservation, pictures: ReadonlyMap<string, Picture> | null): void {
    if (pictures !== null) this.looks++;
    this.#observed.set(environment, observed);
  }

  async act(environments: readonly number[]): Promise<number[][][]> {
    this.batches.push(environments.length);
    return environments.map((environment) => {
      const [shoulder = 0, elbow = 0, x = 0, y = 0] = this.#observed.get(environment)!.state;
      const bent = Math.acos(Math.min(1, (x * x + y * y) / (2 * 0.12 ** 2) - 1));
      const goal = [Math.atan2(y, x) - bent / 2, bent];
      let now = [shoulder, elbow];
      return Array.from({ length: 6 }, () => (now = towards(now, goal, [0.25, 0.25])));
    });
  }
}

const plan: RolloutPlan = { episodes: 10, seed: 4, execution: { execute: 3, delay: 0 }, filmed: 0 };
const unwatched = { finished: () => {}, filmed: () => {}, isStopped: () => false };

describe("rollouts side by side", () => {
  it("succeed with a controller that knows the way, and are listed by episode", async () => {
    const rollouts = await rollOut(await reachers(4, "state"), new Bender(4), plan, unwatched);
    expect(rollouts.map(({ episode }) => episode)).toEqual([...Array(10).keys()]);
    expect(rollouts.filter(({ isSuccess }) => isSuccess).length).toBeGreaterThan(8);
    expect(new Set(rollouts.map(({ digest }) => digest)).size).toBe(10);
  });

  it("are to the bit those that one robot plays after another, however late the answers", async () => {
    const execution = { execute: 3, delay: 2 };
    const [four, one] = [await reachers(4, "state"), await reachers(1, "state")];
    const together = await rollOut(four, new Bender(4), { ...plan, execution }, unwatched);
    const alone = await rollOut(one, new Bender(1), { ...plan, execution }, unwatched);
    expectSameBits("rollouts", together, alone);
    const prompt = await rollOut(one, new Bender(1), plan, unwatched);
    expect(prompt.map(({ digest }) => digest)).not.toEqual(alone.map(({ digest }) => digest));
  });

  it("share batches: robots that begin later ask at the steps of the others", async () => {
    const controller = new Bender(4);
    const rollouts = await rollOut(await reachers(4, "state"), controller, plan, unwatched);
    const questions = rollouts.reduce((sum, { steps }) => sum + Math.ceil(steps / 3), 0);
    expect(controller.batches.reduce((sum, size) => sum + size, 0)).toBe(questions);
    expect(controller.batches.length).toBeLessThan(questions / 2.5);
  });

  it("look only as they are asked, but for films, which end with the last step", async () => {
    const [controller, films] = [new Bender(2), new Map<number, number>()];
    const filmed = (episode: number) => films.set(episode, (films.get(episode) ?? 0) + 1);
    const short = { ...plan, episodes: 3, filmed: 1 };
    const watcher = { ...unwatched, filmed };
    const [first, ...rest]: Rollout[] = await rollOut(await reachers(2, "pictures"), controller, short, watcher);
    expect([...films]).toEqual([[0, first!.steps + 1]]);
    expect(controller.looks).toBe(first!.steps + rest.reduce((sum, { steps }) => sum + Math.ceil(steps / 3), 0));
  });

  it("end where they are stopped, with the whole episodes so far", async () => {
    let finished = 0;
    const watcher = { ...unwatched, finished: () => void finished++, isStopped: () => finished >= 2 };
    const rollouts = await rollOut(await reachers(2, "state"), new Bender(2), plan, watcher);
    expect(rollouts.length).toBe(finished);
    expect(finished).toBeLessThan(10);
  });

  it("need a controller for as many robots", async () => {
    const robots = await reachers(2, "state");
    await expect(rollOut(robots, new Bender(1), plan, unwatched)).rejects.toThrow("expected at most 1 robots, got 2");
  });
});
