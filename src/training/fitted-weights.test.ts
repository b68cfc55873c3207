import { describe, expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { initialValues, type ParameterForm } from "../nn/parameter.ts";
import { type Robots, weightsForRobots } from "./fitted-weights.ts";

const nobody: Robots = { parts: [], embodiments: [] };

function array(axes: string, shape: readonly number[], cells: readonly number[]) {
  return new HostArray(axes, shape, "float32", Float32Array.from(cells));
}

function form(name: string, axes: string, shape: readonly number[]): ParameterForm {
  return { name, axes, shape, initial: { kind: "normal", deviation: 0.2 } };
}

/** One parameter of a checkpoint for another form: its cells, and what is said of it. `fresh` stands for what begins anew. */
function fitted(own: ParameterForm, was: HostArray<string, "float32">, from = nobody, to = nobody) {
  const { weights, notes } = weightsForRobots(new Map([[own.name, was]]), [own], { from, to, seed: 3 });
  const fresh = initialValues([own], 3).get(own.name)!.cells;
  const { shape, cells } = weights.get(own.name)!;
  return { shape, notes, cells: [...cells].map((cell, at) => (cell === fresh[at] ? "fresh" : cell)) };
}

describe("weights of a checkpoint", () => {
  it("get columns for new slots of the state, by which nothing that was there moves", () => {
    expect(fitted(form("state.weight", "e s", [2, 3]), array("e s", [2, 2], [1, 2, 3, 4]))).toEqual({
      shape: [2, 3],
      cells: [1, 2, "fresh", 3, 4, "fresh"],
      notes: ["not in the checkpoint: state slot 2; begins as in a fresh policy"],
    });
  });

  it("lose the columns and the rows of slots that the robot does not have", () => {
    const notes = ["left in the checkpoint: action slots 1 to 2"];
    const columns = array("e d", [2, 3], [1, 2, 3, 4, 5, 6]);
    expect(fitted(form("action.in.weight", "e d", [2, 1]), columns)).toEqual({ shape: [2, 1], cells: [1, 4], notes });
    const rows = array("d e", [3, 2], [1, 2, 3, 4, 5, 6]);
    expect(fitted(form("action.out.weight", "d e", [1, 2]), rows)).toEqual({ shape: [1, 2], cells: [1, 2], notes });
  });

  it("get places for new steps where a head has a table of them, and lose those of fewer", () => {
    const table = array("n e", [2, 1], [7, 8]);
    const longer = fitted(form("groot.action.position", "n e", [3, 1]), table);
    expect(longer.cells).toEqual([7, 8, "fresh"]);
    expect(longer.notes).toEqual(["not in the checkpoint: step 2; begins as in a fresh policy"]);
    expect(fitted(form("groot.action.position", "n e", [1, 1]), table).cells).toEqual([7]);
  });

  it("go to robots by their names, at another width, and a new robot's begin anew", () => {
    const [from, to] = [
      ["cart", "arm"],
      ["arm", "crane"],
    ].map((embodiments) => ({ parts: [], embodiments }));
    // Of two robots: one row of two slots each.
    const was = array("u e j", [2, 1, 2], [1, 2, 3, 4]);
    const found = fitted(form("groot.action.in.weight", "u e j", [3, 1, 3]), was, from, to);
    // The arm's row and a new slot; the crane; a set of weights that is nobody's.
    expect(found.cells).toEqual([3, 4, "fresh", ...Array(6).fill("fresh")]);
    expect(found.notes).toEqual([
      'not in the checkpoint: the robot of "crane" (it has cart, arm); begins as in a fresh policy',
      "not in the checkpoint: action slot 2; begins as in a fresh policy",
    ]);
    const state = fitted(form("groot.state.in.weight", "u e j", [1, 1, 1]), was, from, {
      ...to!,
      embodiments: ["cart"],
    });
    expect(state.cells).toEqual([1]);
    // A middle map is as wide as the policy: its last axis is none of slots.
    const middle = fitted(form("groot.state.out.weight", "u e j", [1, 1, 2]), was, from, {
      ...to!,
      embodiments: ["arm"],
    });
    expect(middle).toEqual({ shape: [1, 1, 2], cells: [3, 4], notes: [] });
  });

  it("of whichever robot comes are the first weights of each", () => {
    const from: Robots = { parts: [], embodiments: "any" };
    const to: Robots = { parts: [], embodiments: ["arm", "cart"] };
    const found = fitted(form("groot.state.in.bias", "u e", [2, 2]), array("u e", [1, 2], [5, 6]), from, to);
    expect(found).toEqual({ shape: [2, 2], cells: [5, 6, 5, 6], notes: [] });
  });

  it("of a decoder go to the slots of its part, in whatever order these stand, or to those of all", () => {
    const from: Robots = { parts: [{ name: "claw", slots: [9, 4, 6] }], embodiments: ["arm"] };
    const to: Robots = { parts: [{ name: "claw", slots: [6, 7, 9] }], embodiments: ["arm"] };
    const found = fitted(form("groot.decoder.claw.out.bias", "u e", [1, 3]), array("u e", [1, 3], [1, 2, 3]), from, to);
    expect(found.cells).toEqual([3, "fresh", 1]);
    expect(found.notes).toEqual([
      'not in the checkpoint: slots 7 of part "claw"; begins as in a fresh policy',
      'left in the checkpoint: slots 4 of part "claw"',
    ]);
    const whole = fitted(
      form("groot.decoder.out.weight", "u e j", [1, 1, 2]),
      array("u e j", [1, 2, 2], [1, 2, 3, 4]),
      from,
      to,
    );
    expect(whole.cells).toEqual([1, 2]);
  });

  it("get rows for new words, and a table of fewer words is left for the check", () => {
    const table = array("y e", [2, 1], [7, 8]);
    const more = fitted(form("embedding.weight", "y e", [3, 1]), table);
    expect(more).toEqual({
      shape: [3, 1],
      cells: [7, 8, "fresh"],
      notes: ["not in the checkpoint: word 2; begins as in a fresh policy"],
    });
    expect(fitted(form("embedding.weight", "y e", [1, 1]), table).shape).toEqual([2, 1]);
  });

  it("that differ in more than slots are left for the check of parameters, and so is what has another name", () => {
    const deeper = array("e d", [2, 2], [1, 2, 3, 4]);
    const { weights, notes } = weightsForRobots(
      new Map([["action.in.weight", deeper]]),
      [form("action.in.weight", "e d", [3, 1]), form("action.in.bias", "e", [3])],
      { from: nobody, to: nobody, seed: 3 },
    );
    expect([...weights]).toEqual([["action.in.weight", deeper]]);
    expect(notes).toEqual([]);
    const other = fitted(form("action.in.weight", "d e", [1, 2]), deeper);
    expect(other.shape).toEqual([2, 2]);
  });
});
