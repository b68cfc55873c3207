import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { craneRecipe } from "../recipe/testing/cranes.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import { loadPolicy } from "./load.ts";
import type { LoadedPolicy } from "./policy.ts";
import type { Session } from "./session.ts";

let run: MicroRun;
let policy: LoadedPolicy;
beforeAll(async () => {
  // Four steps per second, and a slot of the history at every one: for a crane 2.5 of its own frames, for the cart 1.25.
  run = await trainMicroRun({ ...craneRecipe, data: { ...craneRecipe.data, rate: 4 } }, 1);
  policy = await loadPolicy(run.folder, { robots: 1, machine: "as trained" });
});
afterAll(async () => {
  policy.release();
  await run.remove();
});

/** The first entry of each slot of what a session would ask with. */
function firstEntries(session: Session): (number | null)[] {
  return session.ask("lift").observations.map((slot) => slot && slot.state[0]!);
}

/** Sees frames whose states count them, from a number on. */
function see(session: Session, width: number, from: number, frames: number): void {
  for (let frame = from; frame < from + frames; frame++)
    session.see({ state: new Array<number>(width).fill(frame), pictures: {} });
}

describe("a session of a policy that acts at four steps per second", () => {
  it("asks with the states of its robot's own frames: of a crane's ten per second, and of a cart's five", () => {
    const [crane, cart] = [
      policy.session(policy.robot({ dataset: "south" }), { seed: 1 }),
      policy.session(policy.robot({ dataset: "cart" }), { seed: 1 }),
    ];
    see(crane, 3, 0, 10);
    see(cart, 2, 0, 6);
    expect(firstEntries(crane)).toEqual([4, 6.5, 9]);
    expect(firstEntries(cart)).toEqual([2.5, 3.75, 5]);
  });

  it("asks after a reset with what it saw since, and with nothing from before", () => {
    const session = policy.session(policy.robot({ dataset: "north" }), { seed: 1 });
    see(session, 3, 0, 7);
    session.reset();
    see(session, 3, 50, 2);
    expect(firstEntries(session)).toEqual([null, null, 51]);
    see(session, 3, 52, 3);
    expect(firstEntries(session)).toEqual([null, 51.5, 54]);
    see(session, 3, 55, 1);
    expect(firstEntries(session)).toEqual([50, 52.5, 55]);
  });

  it("goes on from what is left of the answer that it kept, by its frames or as the robot says, and from none after a reset", () => {
    const robot = policy.robot({ dataset: "north" });
    const session = policy.session(robot, { seed: 1 });
    see(session, 3, 0, 10);
    expect(session.askAfter("lift", { delay: 2, carriedOut: null }).before).toBeUndefined();
    session.keep({ robot, actions: [[0], [1], [2], [3]], saidSteps: 4, stepsPerSecond: 4 }, 9);
    // Five of its frames are half a second: two steps.
    see(session, 3, 10, 5);
    const rest = (delay: number, carriedOut: number | null) => session.askAfter("lift", { delay, carriedOut }).before;
    expect(rest(1, null)).toEqual({ actions: [[2], [3]], delay: 1 });
    session.keep({ robot, actions: [[0], [1], [2], [3]], saidSteps: 4, stepsPerSecond: 4 }, 14);
    expect(rest(5, 1)).toEqual({ actions: [[1], [2], [3]], delay: 3 });
    session.reset();
    see(session, 3, 0, 1);
    expect(rest(1, null)).toBeUndefined();
  });
});
