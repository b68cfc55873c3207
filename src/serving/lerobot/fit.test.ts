import { describe, expect, it } from "vitest";
import type { Embodiment } from "../../embodiment/embodiment.ts";
import type { ServedRobot } from "../robot.ts";
import { clientRobot, frameKeys } from "./fit.ts";

const entry = (name: string, slot: number) => ({ name, unit: "rad", part: "arm", kind: "continuous", slot }) as const;

function robot(
  dataset: string,
  states: readonly string[],
  cameras: Readonly<Record<string, string | null>>,
): ServedRobot {
  const embodiment: Embodiment = {
    robotType: "arm",
    controlMode: "joint",
    dofs: [],
    states: states.map(entry),
    cameras: Object.entries(cameras).map(([view, key]) => ({ view, key })),
    columns: { action: [], state: [], prompt: { kind: "task" } },
    target: "actions",
  };
  const none = { mode: "identity", center: new Float64Array(), scale: new Float64Array() } as const;
  return {
    name: dataset,
    embodiment,
    normalizationGroup: 0,
    units: { action: none, state: none },
    dataset,
    framesPerSecond: 10,
    stepsPerSecond: 10,
    seen: null,
  };
}

const arm = robot("arm", ["a", "b"], { base: "observation.images.front", wrist: null });
const blind = robot("blind", ["a", "b", "c"], {});
const features = (stateNames: readonly string[], cameras: readonly string[]) => ({
  stateNames,
  pictureKeys: new Map(cameras.map((name) => [name, `observation.images.${name}`])),
});
const fitted = (robots: readonly ServedRobot[], ...given: Parameters<typeof features>) =>
  clientRobot({ robots }, robots, features(...given), frameKeys);

describe("the robot of a client", () => {
  it("is the one whose state and cameras it has, under the keys of its dataset", () => {
    const found = fitted([blind, arm], ["a", "b"], ["front"]);
    expect(found).toMatchObject({ robot: { name: "arm" }, note: null });
    expect(found.keys).toEqual({
      state: ["observation.state"],
      pictures: { base: "observation.images.front" },
      prompt: "task",
    });
    expect(fitted([blind, arm], ["a", "b", "c"], []).robot.name).toBe("blind");
  });

  it("may name its state otherwise, in the same order, and that is said", () => {
    expect(fitted([arm], ["x.pos", "y.pos"], ["front"]).note).toBe(
      "the state is taken in its order: x.pos as a, y.pos as b",
    );
  });

  it.each<[string, readonly ServedRobot[], readonly [readonly string[], readonly string[]], string]>([
    ["a state of another width", [arm], [["a"], ["front"]], "arm: expected a state of 2 entries (a, b), got 1 (a)"],
    [
      "another order",
      [arm],
      [["b", "a"], ["front"]],
      'arm: expected the state a, b in this order, got "b" in place of "a"',
    ],
    [
      "some of the names",
      [arm],
      [["a", "x"], ["front"]],
      'arm: expected the state a, b in this order, got "x" in place of "b"',
    ],
    [
      "no camera",
      [arm],
      [["a", "b"], []],
      "arm: expected pictures of observation.images.front, got none; name the robot's",
    ],
    [
      "another camera",
      [arm],
      [["a", "b"], ["top"]],
      "arm: expected pictures of observation.images.front, got observation.images.top",
    ],
    [
      "one camera more",
      [arm],
      [
        ["a", "b"],
        ["front", "top"],
      ],
      "got observation.images.front, observation.images.top",
    ],
    ["a camera where none is", [blind], [["a", "b", "c"], ["top"]], "blind: expected pictures of no camera, got"],
    [
      "none of several",
      [arm, blind],
      [["a"], []],
      "arm: expected a state of 2 entries (a, b), got 1 (a); blind: expected a state of 3",
    ],
    [
      "two that fit",
      [arm, arm],
      [["a", "b"], ["front"]],
      "robot: expected one of arm, arm, got features that fit 2; say which",
    ],
  ])("is refused with %s", (_, robots, [states, cameras], said) => {
    expect(() => fitted(robots, states, cameras)).toThrow(said);
  });
});
