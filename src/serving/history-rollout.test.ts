import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectSameBits } from "../graph/testing/bits.ts";
import type { RobotEnvironment } from "../simulation/environment.ts";
import { createRobot, findRobot } from "../simulation/robots.ts";
import { type PlayPlan, play } from "../simulation/rollout.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import { loadPolicy } from "./load.ts";
import type { LoadedPolicy } from "./policy.ts";
import { PolicyController } from "./simulated.ts";
import { reachingRecipe } from "./testing/reaching.ts";

const design = findRobot("reacher");
const options = { ...design.defaults, imageSize: 16 };
const plan: PlayPlan = { seed: 2, execution: { execute: 3, delay: 1 }, filmed: 0 };
const unwatched = { finished: () => {}, filmed: () => {}, isStopped: () => false };

let run: MicroRun;
let policy: LoadedPolicy;
let robots: readonly RobotEnvironment[];
beforeAll(async () => {
  const history = { slots: 3, interval: 4, dropout: 0.2 };
  run = await trainMicroRun({ ...reachingRecipe, policy: { ...reachingRecipe.policy, history } }, 2);
  policy = await loadPolicy(run.folder, { robots: 3, machine: "as trained" });
  robots = await Promise.all(Array.from({ length: 3 }, async () => unevenly(await createRobot(design, options))));
});
afterAll(async () => {
  for (const robot of robots) robot.close();
  policy.release();
  await run.remove();
});

/** The same robot with episodes of 7, 12, 17, 22, 27, 7, … steps: robots side by side are of different ages soon. */
function unevenly(robot: RobotEnvironment): RobotEnvironment {
  let limit = 0;
  return {
    name: robot.name,
    embodiment: robot.embodiment,
    options: robot.options,
    framesPerSecond: robot.framesPerSecond,
    get stepLimit() {
      return limit;
    },
    reset: (seed, episode) => {
      limit = 7 + 5 * (episode % 5);
      robot.reset(seed, episode);
    },
    observe: () => robot.observe(),
    observeState: () => robot.observeState(),
    show: () => robot.show(),
    act: (action) => robot.act(action),
    isSuccess: () => robot.isSuccess(),
    demonstrate: () => robot.demonstrate(),
    close: () => robot.close(),
  };
}

function controller(): PolicyController {
  return new PolicyController(policy, policy.robots[0]!, { environmentCount: 3, seed: 2 });
}

describe("a policy with history in closed loop", () => {
  it("has a robot in a batch of others, older and younger, do to the bit what it does alone", async () => {
    const episodes = [0, 1, 2, 3, 4, 5, 6];
    const together = await play({ robots, controller: controller() }, episodes, plan, unwatched);
    expect(together.map(({ steps }) => steps)).toEqual([7, 12, 17, 22, 27, 7, 12]);
    for (const episode of episodes) {
      const [alone] = await play({ robots: robots.slice(0, 1), controller: controller() }, [episode], plan, unwatched);
      expectSameBits(`episode ${episode}`, alone, together[episode]);
    }
  });

  it("looks at each frame, since any may come to stand in a slot", () => {
    expect(controller().looksOnlyAsAsked).toBe(false);
  });

  it("acts by what it saw before: as soon as a slot of it is filled, and not sooner", async () => {
    const lookedOn = controller();
    const blink = controller();
    const [robot] = robots;
    const differs: boolean[] = [];
    robot!.reset(2, 4);
    lookedOn.begin(0, 0);
    for (let step = 0; step < 10; step++) {
      const { pictures, ...observed } = robot!.observe();
      lookedOn.see(0, observed, pictures);
      // It forgets what was before the frame, and draws the noise of the same frame.
      blink.begin(0, 0);
      for (let frame = 0; frame < step; frame++) blink.see(0, { ...observed, state: new Float64Array(2) }, null);
      blink.see(0, observed, pictures);
      const [seen, forgot] = [await lookedOn.act([0]), await blink.act([0])];
      differs.push(JSON.stringify(seen) !== JSON.stringify(forgot));
      robot!.act(seen[0]![0]!);
    }
    expect(differs).toEqual([false, false, false, false, true, true, true, true, true, true]);
  });
});
