import { expect, it } from "vitest";
import { createRobot, findRobot } from "./robots.ts";

/** Where robots and things stand at the start of forty episodes, as the state tells. */
async function starts(name: string, distractors: number): Promise<number[][]> {
  const design = findRobot(name);
  const robot = await createRobot(design, { ...design.defaults, observation: "state", distractors });
  const found = Array.from({ length: 40 }, (_, episode) => {
    robot.reset(4, episode);
    return [...robot.observeState().state];
  });
  robot.close();
  return found;
}

/** The least and the largest value of a column. */
function span(rows: readonly number[][], column: number): [low: number, high: number] {
  const values = rows.map((row) => row[column]!);
  return [Math.min(...values), Math.max(...values)];
}

/** That a column stays between two bounds and comes near to both. */
function expectSpan(rows: readonly number[][], column: number, [low, high]: readonly [number, number]): void {
  const [least, most] = span(rows, column);
  expect([least >= low - 1e-6, most <= high + 1e-6], `${least} to ${most}`).toEqual([true, true]);
  expect(most - least, `${least} to ${most}`).toBeGreaterThan(0.6 * (high - low));
}

it("the arm's cube and pad lie in a ring section before it, apart from each other, the cube on the table", async () => {
  const rows = await starts("arm", 1);
  // Behind six joints and the gripper: x, y, z and yaw of the cube, x and y of the pad.
  const polar = rows.map(([, , , , , , , x = 0, y = 0, z = 0, yaw = 0, padX = 0, padY = 0]) => [
    ...[Math.hypot(x, y), Math.atan2(y, x), z, yaw],
    ...[Math.hypot(padX, padY), Math.atan2(padY, padX), Math.hypot(padX - x, padY - y)],
  ]);
  for (const [out, angle] of [
    [0, 1],
    [4, 5],
  ] as const) {
    expectSpan(polar, out, [0.18, 0.28]);
    expectSpan(polar, angle, [-0.75, 0.75]);
  }
  for (const [, , z] of polar) expect(z).toBeCloseTo(0.018, 2);
  expectSpan(polar, 3, [-0.3, 0.3]);
  expect(span(polar, 6)[0]).toBeGreaterThan(0.09);
});

it("the bar of two arms lies between them, turned by up to a quarter, and by less beside others", async () => {
  // Behind twice six joints and a gripper: x, y, z and yaw of the bar.
  for (const [distractors, turn] of [
    [0, 0.25],
    [2, 0.05],
  ] as const) {
    const rows = await starts("bimanual", distractors);
    expectSpan(rows, 14, [-0.03, 0.03]);
    expectSpan(rows, 15, [-0.11, 0.11]);
    expectSpan(rows, 17, [-turn, turn]);
  }
});

it("the crane's cube and pad lie in a square below it, apart from each other", async () => {
  const rows = await starts("gantry", 1);
  // Behind three slides and the gripper: x, y, z and yaw of the cube, x and y of the pad.
  for (const column of [4, 5, 8, 9]) expectSpan(rows, column, [-0.13, 0.13]);
  const gaps = rows.map(([, , , , x = 0, y = 0, , , padX = 0, padY = 0]) => [Math.hypot(padX - x, padY - y)]);
  expect(span(gaps, 0)[0]).toBeGreaterThan(0.09);
  expectSpan(rows, 2, [0.09, 0.16]);
});

it("the reacher's dot lies where its tip can reach, and not where its tip is", async () => {
  const rows = await starts("reacher", 0);
  const gaps = rows.map(([shoulder = 0, elbow = 0, x = 0, y = 0]) => {
    const tipX = 0.12 * (Math.cos(shoulder) + Math.cos(shoulder + elbow));
    const tipY = 0.12 * (Math.sin(shoulder) + Math.sin(shoulder + elbow));
    return [Math.hypot(x, y), Math.atan2(y, x), Math.hypot(tipX - x, tipY - y)];
  });
  expectSpan(gaps, 0, [0.1, 0.225]);
  expectSpan(gaps, 1, [-1.3, 2.7]);
  expect(span(gaps, 2)[0]).toBeGreaterThan(0.075);
  expectSpan(rows, 0, [-1.6, 2]);
  expectSpan(rows, 1, [0.7, 2.3]);
});

it("the pusher's tool keeps its distance from the puck, which lies before its place", async () => {
  const rows = await starts("pusher", 0);
  expectSpan(rows, 3, [-0.11, 0.11]);
  expectSpan(rows, 4, [-0.1, 0.02]);
  expectSpan(rows, 5, [-0.17, 0.17]);
  expectSpan(rows, 6, [0.1, 0.2]);
  const gaps = rows.map(([x = 0, y = 0, , puckX = 0, puckY = 0]) => [Math.hypot(puckX - x, puckY - y)]);
  expect(span(gaps, 0)[0]).toBeGreaterThan(0.12 - 1e-6);
});

it.each([
  ["reacher", 2],
  ["arm", 7],
  ["bimanual", 14],
])("a %s that stays where it stands has not done what it is told to do", async (name, dofs) => {
  const design = findRobot(name);
  const robot = await createRobot(design, { ...design.defaults, observation: "state", disturbance: 0 });
  robot.reset(4, 0);
  const start = [...robot.observeState().state].slice(0, dofs);
  for (let step = 0; step < 8; step++) {
    robot.act(start);
    expect(robot.isSuccess()).toBe(false);
  }
  robot.close();
});
