import { afterEach, describe, expect, it } from "vitest";
import { embodimentProblems } from "../embodiment/embodiment.ts";
import { stream } from "../graph/random.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { colours } from "./colour.ts";
import type { RobotEnvironment, RobotOptions, SimulatedObservation } from "./environment.ts";
import { createRobot, findRobot, robots } from "./robots.ts";

const open: RobotEnvironment[] = [];

afterEach(() => {
  for (const robot of open.splice(0)) robot.close();
});

const names = robots.map(({ name }) => name);

async function make(name: string, changes: Partial<RobotOptions>): Promise<RobotEnvironment> {
  const design = findRobot(name);
  const robot = await createRobot(design, { ...design.defaults, ...changes });
  open.push(robot);
  return robot;
}

/** What a robot perceives at each step of an episode that its expert plays. */
function play(
  robot: RobotEnvironment,
  seed: number,
  episode: number,
): { seen: SimulatedObservation[]; actions: Float64Array[] } {
  robot.reset(seed, episode);
  const seen = [robot.observe()];
  const actions: Float64Array[] = [];
  while (!robot.isSuccess() && actions.length < robot.stepLimit) {
    const action = robot.demonstrate();
    actions.push(action);
    robot.act(action);
    seen.push(robot.observe());
  }
  return { seen, actions };
}

describe.each(names)("%s", (name) => {
  it("is led to its goal by its expert", async () => {
    const robot = await make(name, { observation: "state" });
    const successes = Array.from({ length: 8 }, (_, episode) => {
      play(robot, 3, episode);
      return robot.isSuccess();
    });
    expect(successes.filter(Boolean)).toHaveLength(8);
  });

  it("does the same twice, to the bit, also beside another robot and after other episodes", async () => {
    const [alone, beside] = [await make(name, {}), await make(name, {})];
    const { seen, actions } = play(alone, 5, 2);
    play(alone, 5, 3);
    expectSameBits("observation", play(alone, 5, 2).seen.at(-1), seen.at(-1));
    beside.reset(5, 2);
    alone.reset(8, 0);
    for (const [step, action] of actions.entries()) {
      expect(beside.observe().state).toEqual(seen[step]!.state);
      beside.act(action);
      alone.act(alone.demonstrate());
    }
    expect(beside.observe()).toEqual(seen.at(-1));
    expect(beside.isSuccess()).toBe(true);
  });

  it("starts otherwise in every episode and with every seed", async () => {
    const robot = await make(name, {});
    const starts = [
      [1, 0],
      [1, 1],
      [2, 0],
    ].map(([seed = 0, episode = 0]) => {
      robot.reset(seed, episode);
      return robot.observe();
    });
    expect(new Set(starts.map(({ state }) => state.join())).size).toBe(3);
    for (const key of starts[0]!.pictures.keys())
      expect(new Set(starts.map(({ pictures }) => pictures.get(key)!.cells.join())).size).toBe(3);
  });

  it("shows its goal in pictures alone, or in the state alone", async () => {
    const [seeing, told] = [await make(name, {}), await make(name, { observation: "state" })];
    const { states, goals, cameras } = findRobot(name);
    for (const robot of [seeing, told]) {
      robot.reset(1, 1);
      expect(embodimentProblems(robot.embodiment)).toEqual([]);
      expect(robot.observe().state).toHaveLength(robot.embodiment.states.length);
    }
    expect(seeing.embodiment.states.map((entry) => entry.name)).toEqual(states.map((entry) => entry.name));
    expect(told.embodiment.states.slice(states.length).map((entry) => entry.name)).toEqual(
      goals.map((goal) => goal.name),
    );
    expect([...seeing.observe().pictures.keys()]).toEqual(cameras.map((camera) => `observation.images.${camera}`));
    expect(told.observe().pictures.size).toBe(0);
    expect(told.show()).toEqual(seeing.observe().pictures);
    expect([...told.observe().state.slice(0, states.length)]).toEqual([...seeing.observe().state]);
  });

  it("fails where it does nothing", async () => {
    const robot = await make(name, { observation: "state" });
    for (let episode = 0; episode < 5; episode++) {
      robot.reset(1, episode);
      const still = robot.embodiment.dofs.map((dof) => (dof.state === null ? 0 : robot.observe().state[dof.state]!));
      for (let step = 0; step < 30; step++) robot.act(still);
      expect(robot.isSuccess()).toBe(false);
    }
  });
});

it("robots differ in dofs, cameras and control modes", () => {
  expect(robots.map(({ dofs }) => dofs.length)).toEqual([2, 3, 7, 14, 4]);
  expect(new Set(robots.map(({ cameras }) => cameras.join())).size).toBe(4);
  expect(new Set(robots.map(({ controlMode }) => controlMode)).size).toBe(3);
});

it("the reacher's dot has the colour that is named, at the place that the state-only variant tells", async () => {
  const [seeing, told] = [
    await make("reacher", { distractors: 2 }),
    await make("reacher", { distractors: 2, observation: "state" }),
  ];
  const phrases = new Set<string>();
  let found = 0;
  for (let episode = 0; episode < 6; episode++) {
    for (const robot of [seeing, told]) robot.reset(4, episode);
    const { instruction, pictures } = seeing.observe();
    const [, , x = 0, y = 0] = told.observe().state;
    const { cells } = pictures.get("observation.images.top")!;
    const pixel = 96 / (2 * 0.8 * Math.tan(Math.PI / 10));
    const at = 3 * (Math.floor(48 - y * pixel) * 96 + Math.floor(48 + x * pixel));
    const [word, colour] = Object.entries(colours).find(([name]) => instruction.includes(name))!;
    phrases.add(instruction.replace(word, ""));
    const shown = [...cells.subarray(at, at + 3)];
    // Where the arm hides the dot there is grey.
    if (Math.max(...shown) - Math.min(...shown) < 40) continue;
    const shade = shown[0]! / colour[0]! / 255;
    for (const [channel, value] of colour.entries())
      expect(Math.abs(shown[channel]! - 255 * value * shade)).toBeLessThan(8);
    found++;
  }
  expect(found).toBeGreaterThan(3);
  expect(phrases.size).toBeGreaterThan(1);
});

it("motors deviate from commands by normal noise of the seed, by episode, step and dof, and by nothing where there is no disturbance", async () => {
  const [loose, exact] = [
    await make("reacher", { observation: "state", disturbance: 0.1 }),
    await make("reacher", { observation: "state", disturbance: 0 }),
  ];
  const carriedOut = new Set<string>();
  for (const [seed, episode] of [
    [1, 0],
    [1, 1],
    [2, 0],
  ] as const) {
    for (const robot of [loose, exact]) robot.reset(seed, episode);
    const still = [...exact.observeState().state.slice(0, 2)];
    for (let step = 0; step < 4; step++) {
      // A tenth of the 0.15 rad that an expert moves a joint in a step.
      const noise = [0, 1].map(
        (dof) => 0.1 * 0.15 * stream(seed, "disturbance", "reacher").normal(dof, step, episode, 0),
      );
      loose.act(still);
      exact.act(still.map((angle, dof) => angle + noise[dof]!));
      expect([...loose.observeState().state]).toEqual([...exact.observeState().state]);
      carriedOut.add(noise.join());
    }
  }
  expect(carriedOut.size).toBe(12);
});

it("the pusher's expert goes round the puck either way where both are as good", async () => {
  const robot = await make("pusher", { observation: "state", disturbance: 0 });
  const sides = new Set<string>();
  for (let episode = 0; episode < 40; episode++) {
    robot.reset(1, episode);
    const [x = 0, y = 0, , puckX = 0, puckY = 0, goalX = 0, goalY = 0] = robot.observe().state;
    const ahead = Math.atan2(goalY - puckY, goalX - puckX);
    const angle = Math.atan2(y - puckY, x - puckX) - ahead;
    const isInFront = Math.cos(angle) > 0.8;
    if (!isInFront) continue;
    for (let step = 0; step < 12; step++) robot.act(robot.demonstrate());
    const [nextX = 0, nextY = 0] = robot.observe().state;
    const later = Math.atan2(nextY - puckY, nextX - puckX) - ahead;
    sides.add(`${Math.sin(angle) > 0 ? "left" : "right"} start, ${Math.sin(later) > 0 ? "left" : "right"} way`);
  }
  expect([...sides].sort()).toEqual([
    "left start, left way",
    "left start, right way",
    "right start, left way",
    "right start, right way",
  ]);
});
