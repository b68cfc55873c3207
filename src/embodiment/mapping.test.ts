import { describe, expect, it } from "vitest";
import type { Feature } from "../dataset/dataset.ts";
import { generate } from "../dataset/generated.ts";
import { embodimentProblems, slots } from "./embodiment.ts";
import { asFound, embody, type Mapping } from "./mapping.ts";
import { aloha, droid, libero } from "./robot.ts";

const vector = (key: string, size: number, names: readonly string[] | null = null): Feature => ({
  key,
  type: "float32",
  shape: [size],
  names,
});
const camera = (key: string): Feature => ({ key, type: "video", shape: [48, 64, 3], names: null });
const dataset = (...features: readonly Feature[]) =>
  generate({
    name: "toy",
    robotType: "toy arm",
    framesPerSecond: 10,
    features,
    episodeLengths: [4],
    tasks: ["push"],
    seed: 0,
  });
const joint: Mapping = { ...asFound, controlMode: "joint" };

describe("an embodiment as found", () => {
  const toy = dataset(
    vector("action", 3, ["elbow", "wrist", "gripper"]),
    vector("observation.state", 3, ["wrist", "gripper", "elbow"]),
    camera("observation.images.wrist"),
    camera("observation.images.top"),
  );

  it("names dofs by the metadata, sees grippers, and finds the state of a dof by its name", () => {
    const { dofs, states, robotType } = embody(joint, toy, []);
    expect(dofs.map(({ name, kind, state, slot }) => [name, kind, state, slot])).toEqual([
      ["elbow", "continuous", 2, 0],
      ["wrist", "continuous", 0, 1],
      ["gripper", "gripper", null, 2],
    ]);
    expect(states.map((state) => state.name)).toEqual(["wrist", "gripper", "elbow"]);
    expect(robotType).toBe("toy arm");
  });

  it("puts cameras into views by name, and leaves a view absent that no camera is left for", () => {
    const [top, wrist] = [camera("observation.images.top"), camera("observation.images.wrist")];
    expect(embody(joint, dataset(vector("action", 1), wrist, top), ["wrist", "top", "left"]).cameras).toEqual([
      { view: "wrist", key: "observation.images.wrist" },
      { view: "top", key: "observation.images.top" },
      { view: "left", key: null },
    ]);
    expect(embody(joint, toy, ["wrist"]).cameras).toEqual([{ view: "wrist", key: "observation.images.wrist" }]);
  });

  it("asks which camera a view is that none is called after: the next in order may look from elsewhere", () => {
    const laptop = dataset(
      vector("action", 1),
      camera("observation.images.wrist_left"),
      camera("observation.images.top"),
    );
    expect(() => embody(joint, laptop, ["top", "wrist"])).toThrow(
      /got observation\.images\.wrist_left and none called wrist; .*"cameras: { "wrist": "observation\.images\.wrist_left" }"/,
    );
    const told = { ...joint, cameras: { top: "observation.images.top" } };
    expect(embody(told, laptop, ["top", "wrist"]).cameras.map(({ key }) => key)).toEqual([
      "observation.images.top",
      null,
    ]);
  });

  it("pairs unnamed entries by place only where both vectors have one width", () => {
    const equal = embody(joint, dataset(vector("action", 2), vector("observation.state", 2)), []);
    expect(equal.dofs.map((dof) => dof.state)).toEqual([0, 1]);
    const unequal = embody(joint, dataset(vector("action", 2), vector("observation.state", 3)), []);
    expect(unequal.dofs.map((dof) => dof.state)).toEqual([null, null]);
  });

  it("pairs unnamed entries also past the tenth, and none where one of either vector has a name", () => {
    const long = embody(joint, dataset(vector("action", 11), vector("observation.state", 11)), []);
    expect(long.dofs.map((dof) => dof.state)).toEqual([...Array(11).keys()]);
    const named = embody(
      joint,
      dataset(vector("action", 2, ["lift.1.up", "turn.2.up"]), vector("observation.state", 2)),
      [],
    );
    expect(named.dofs.map((dof) => dof.state)).toEqual([null, null]);
  });

  it("gives no entry a name where the metadata has another number of names than entries", () => {
    const { dofs } = embody(joint, dataset(vector("action", 2, ["both"])), []);
    expect(dofs.map(({ name }) => name)).toEqual(["action.0", "action.1"]);
  });

  it("takes the prompt from the task", () => {
    expect(embody(joint, toy, []).columns.prompt).toEqual({ kind: "task" });
  });

  it("takes entries of several columns in the order given", () => {
    const parts = dataset(vector("arm", 3, ["a", "b", "c"]), vector("hand", 1, ["claw"]));
    const mapping: Mapping = {
      ...joint,
      action: [
        { key: "hand", entries: "all" },
        { key: "arm", entries: [2, 0] },
      ],
    };
    const { dofs, states, columns } = embody(mapping, parts, []);
    expect(dofs.map((dof) => dof.name)).toEqual(["claw", "c", "a"]);
    expect(columns.action).toEqual([
      { key: "hand", entries: [0] },
      { key: "arm", entries: [2, 0] },
    ]);
    expect(states).toEqual([]);
  });

  it("has no dofs where samples have no robot target", () => {
    const { dofs, target, columns } = embody({ ...joint, target: "none" }, dataset(camera("base")), ["base"]);
    expect([dofs, columns.action, target]).toEqual([[], [], "none"]);
  });
});

describe("a mapping that does not fit", () => {
  it("is refused with everything that is wrong, at once", () => {
    const mapping: Mapping = {
      ...joint,
      controlMode: "",
      action: [{ key: "actions", entries: "all" }],
      state: [{ key: "observation.state", entries: [1, 2] }],
      cameras: { front: "observation.images.top", base: "observation.images.missing" },
    };
    const toy = dataset(vector("action", 3), vector("observation.state", 2), camera("observation.images.top"));
    const refused = () => embody(mapping, toy, ["base"]);
    expect(refused).toThrow(/dataset "toy": .*numeric column "actions", got action, observation.state; name it/);
    expect(refused).toThrow(/"observation.state" has 2 entries, the mapping asks for 2/);
    expect(refused).toThrow(/no view "front"; it has base/);
    expect(refused).toThrow(/pictures of "observation.images.missing", got observation.images.top/);
    expect(refused).toThrow(/control mode: expected a name/);
  });

  it("names entries that a column cannot have: past its end, before its start, between two", () => {
    const toy = dataset(vector("action", 3));
    for (const entries of [[3], [-1], [0.5]])
      expect(() => embody({ ...joint, action: [{ key: "action", entries }] }, toy, [])).toThrow(
        `column "action" has 3 entries, the mapping asks for ${entries}`,
      );
  });

  it("names a view or a name that occurs twice, a gripper with a state, too few entries, and no dofs", () => {
    const good = embody(joint, dataset(vector("action", 2), vector("observation.state", 2)), ["base"]);
    const [first, second] = [good.dofs[0]!, good.dofs[1]!];
    expect(embodimentProblems(good)).toEqual([]);
    expect(embodimentProblems({ ...good, cameras: [...good.cameras, ...good.cameras] })).toEqual([
      'view "base" occurs twice',
    ]);
    expect(embodimentProblems({ ...good, dofs: [first, { ...second, name: first.name }] })).toEqual([
      'action: the name "action.0" occurs twice',
    ]);
    const turned = { ...first, unit: "rad", recordedIn: "deg" };
    const paired = [{ ...good.states[0]!, unit: "rad", recordedIn: "deg" }, good.states[1]!];
    expect(embodimentProblems({ ...good, dofs: [turned, second], states: paired })).toEqual([]);
    expect(embodimentProblems({ ...good, dofs: [turned, second] })).toEqual([
      'dof "action.0": expected its state "observation.state.0" in the same unit and recorded in the same, for a delta, ' +
        "got deg and unknown; set its state to null",
    ]);
    expect(embodimentProblems({ ...good, dofs: [{ ...turned, state: null, recordedIn: "mm" }, second] })).toEqual([
      'action "action.0": expected recordedIn to be rad or deg, as its unit is "rad", got "mm"',
    ]);
    expect(embodimentProblems({ ...good, dofs: [first, { ...second, kind: "gripper" }] })).toEqual([
      'dof "action.1": a gripper has no delta; set its state to null',
    ]);
    expect(embodimentProblems({ ...good, dofs: [first, { ...second, kind: "gripper", state: null }] })).toEqual([]);
    expect(embodimentProblems({ ...good, dofs: [first] })).toEqual(["action: 1 entries named, columns hold 2"]);
    const none = { ...good, dofs: [], columns: { ...good.columns, action: [] } };
    expect(embodimentProblems(none)).toEqual(['no dofs, but target "actions"']);
    expect(embodimentProblems({ ...none, target: "none" })).toEqual([]);
  });

  it("takes no chunk of actions for dofs, declared as such or by its mark of padding", () => {
    const chunked: Feature = { key: "action", type: "float32", shape: [30, 7], names: null };
    const mark = (key: string, size: number): Feature => ({ key, type: "bool", shape: [size], names: null });
    expect(() => embody(joint, dataset(chunked), [])).toThrow(
      'column "action": expected one vector a row, got 30 × 7 numbers: a chunk of 30 steps a row, whose steps would be dofs; ' +
        "name the entries of one step in the mapping, 0 to 6 for the first",
    );
    const flat = dataset(vector("action", 210), mark("action_is_pad", 30));
    expect(() => embody(joint, flat, [])).toThrow(/got 210 numbers, and "action_is_pad" 30: a chunk of 30 steps a row/);
    const first: Mapping = { ...joint, action: [{ key: "action", entries: [0, 1, 2, 3, 4, 5, 6] }] };
    expect(embody(first, flat, []).dofs).toHaveLength(7);
    expect(embody(joint, dataset(vector("action", 7), mark("action_is_pad", 1)), []).dofs).toHaveLength(7);
    expect(embody(joint, dataset(vector("action", 7), mark("observation.state_is_pad", 7)), []).dofs).toHaveLength(7);
    expect(embody(joint, dataset({ ...chunked, shape: [1, 7] }), []).dofs).toHaveLength(7);
  });

  it("may use any slots, but each once, and only states that exist", () => {
    const toy = dataset(vector("action", 2), vector("observation.state", 2));
    const good = embody(joint, toy, []);
    const at = (first: number, second: number, state: number) => ({
      ...good,
      dofs: [
        { ...good.dofs[0]!, slot: first, state },
        { ...good.dofs[1]!, slot: second },
      ],
    });
    expect(embodimentProblems(at(31, 4, 1))).toEqual([]);
    expect(slots(at(31, 4, 1).dofs)).toEqual([31, 4]);
    expect(embodimentProblems(at(4, 4, 1))).toEqual(["action: slot 4 is taken twice"]);
    expect(embodimentProblems(at(-1, 4, 2))).toEqual([
      'action "action.0": expected a slot of 0 or more, got -1',
      'dof "action.0": expected a state entry below 2, got 2',
    ]);
  });
});

describe("the ready mappings", () => {
  it("fit ALOHA as LeRobot stores it: 14 joints, grippers 6 and 13 absolute, three cameras", () => {
    const keys = ["cam_high", "cam_low", "cam_left_wrist", "cam_right_wrist"].map((key) => `observation.images.${key}`);
    const recorded = dataset(vector("action", 14), vector("observation.state", 14), ...keys.map(camera));
    const { dofs, states, cameras } = embody(aloha, recorded, ["base", "left_wrist", "right_wrist"]);
    expect(dofs.map((dof) => dof.state)).toEqual([0, 1, 2, 3, 4, 5, null, 7, 8, 9, 10, 11, 12, null]);
    expect([dofs[6]!.name, dofs[13]!.name, states.length]).toEqual(["left_gripper", "right_gripper", 14]);
    expect(cameras.map((found) => found.key)).toEqual([keys[0], keys[2], keys[3]]);
  });

  it("fit DROID as openpi converts it: 7 velocities and a gripper, state from two columns", () => {
    const recorded = dataset(
      ...["exterior_image_1_left", "exterior_image_2_left", "wrist_image_left"].map(camera),
      vector("joint_position", 7, ["joint_position"]),
      vector("gripper_position", 1, ["gripper_position"]),
      vector("actions", 8, ["actions"]),
    );
    const { dofs, states, cameras } = embody(droid, recorded, ["base", "left_wrist", "right_wrist"]);
    expect(dofs.map((dof) => dof.kind)).toEqual([...Array(7).fill("continuous"), "gripper"]);
    expect(states).toHaveLength(8);
    expect(cameras.map((found) => found.key)).toEqual(["exterior_image_1_left", "wrist_image_left", null]);
  });

  it("fit LIBERO as openpi converts it: 7 dofs that stay as they are, 8 states", () => {
    const recorded = dataset(camera("image"), camera("wrist_image"), vector("state", 8), vector("actions", 7));
    const { dofs, states, cameras } = embody(libero, recorded, ["base", "left_wrist"]);
    expect(dofs.map((dof) => dof.state)).toEqual(Array(7).fill(null));
    expect(states).toHaveLength(8);
    expect(cameras.map((found) => found.key)).toEqual(["image", "wrist_image"]);
    // Positions are metres and turns radians; motions are fractions of what a control step can do.
    expect(states.map(({ unit }) => unit)).toEqual([...Array(3).fill("m"), ...Array(3).fill("rad"), "m", "m"]);
    expect(dofs.map(({ unit }) => unit)).toEqual(Array(7).fill("fraction"));
  });
});

describe("what is known of episodes", () => {
  const known = dataset(vector("action", 1), vector("speed", 1), vector("pair", 2), camera("observation.images.top"));

  it("is read as the mapping says, and nothing is where it says nothing", () => {
    const metadata = { speed: "speed", says: ["fps"] } as const;
    expect(embody({ ...joint, metadata }, known, []).columns.metadata).toEqual(metadata);
    expect(embody(joint, known, []).columns).not.toHaveProperty("metadata");
  });

  it("is refused where a column is missing, has no numbers, or more than one a row", () => {
    const of = (quality: string) => () => embody({ ...joint, metadata: { quality, says: [] } }, known, []);
    expect(of("speed")).not.toThrow();
    for (const other of ["missing", "pair", "observation.images.top"])
      expect(of(other)).toThrow(`metadata: expected "${other}" to be a column of one number a row`);
    const ofEpisode = { mistake: { episode: "failed" }, says: [] } as const;
    expect(() => embody({ ...joint, metadata: ofEpisode }, known, [])).toThrow(
      'metadata: expected "failed" among the numbers of episodes, got none; name another',
    );
    const listed = { ...known, episodeKeys: ["failed"] };
    expect(embody({ ...joint, metadata: ofEpisode }, listed, []).columns.metadata).toEqual(ofEpisode);
  });
});
