import { describe, expect, it } from "vitest";
import type { Dataset, Feature, Modality } from "../../dataset/dataset.ts";
import { generate } from "../../dataset/generated.ts";
import { openDataset } from "../../dataset/read/open.ts";
import { everything, hasRealData, onRealData, realDataset } from "../../dataset/testing/real-data.ts";
import { lookThrough } from "./look.ts";
import { suggestMapping, vectorKeys } from "./mapping.ts";
import { suggestRecipe } from "./recipe.ts";

const column = (key: string, width: number): Feature => ({ key, type: "float32", shape: [width], names: null });
const features: readonly Feature[] = [
  column("action", 6),
  column("observation.state", 5),
  column("joints", 3),
  { key: "cam_7", type: "video", shape: [8, 8, 3], names: null },
];

function robot(modality: Partial<Modality>): Dataset {
  const made = generate({
    name: "robot",
    robotType: "",
    framesPerSecond: 10,
    features,
    episodeLengths: [9],
    tasks: [],
    seed: 3,
  });
  return { ...made, modality: { action: [], state: [], videos: [], ...modality } };
}
const suggest = async (dataset: Dataset) =>
  await suggestMapping(dataset, await lookThrough(dataset, vectorKeys(dataset), () => {}));

const arms = { part: "left_arm", key: "action", start: 2, end: 4 };
const grip = { part: "right_gripper", key: "action", start: 5, end: 6 };

describe("parts that modality.json names", () => {
  it("make up the vectors, in their order, and what is in none is left out and said", async () => {
    const dataset = robot({ action: [grip, arms], state: [{ part: "left_arm", key: "joints", start: 1, end: 3 }] });
    const { mapping, notes } = await suggest(dataset);
    expect(mapping.action).toEqual([
      { key: "action", entries: [5] },
      { key: "action", entries: [2, 3] },
    ]);
    expect(mapping.state).toEqual([{ key: "joints", entries: [1, 2] }]);
    expect(mapping.dofs.map(({ name, part, kind, slot }) => [name, part, kind, slot])).toEqual([
      ["right_gripper.0", "right gripper", "gripper", 0],
      ["left_arm.0", "left arm", "continuous", 1],
      ["left_arm.1", "left arm", "continuous", 2],
    ]);
    expect(mapping.states.map(({ name }) => name)).toEqual(["left_arm.0", "left_arm.1"]);
    const said = notes.map(({ path, text }) => `${path}: ${text}`);
    expect(said).toContain("action: in no part of modality.json, and left out: action.0, action.1, action.4");
    expect(said).toContain("state: in no part of modality.json, and left out: joints.0");
  });

  it("never take the state from the action, which would be the answer", async () => {
    const { mapping, notes } = await suggest(robot({ action: [arms], state: [arms] }));
    expect(mapping.state).toEqual([{ key: "observation.state", entries: [2, 3] }]);
    expect(notes.map(({ text }) => text)).toContain(
      'modality.json has left_arm in "action", which is the answer: taken from observation.state',
    );
  });

  it.each([
    ["of a column that is not there", [{ ...arms, key: "action.arm" }]],
    ["past the end of their column", [{ ...arms, end: 7 }]],
    ["that hold an entry twice", [arms, { ...grip, start: 3 }]],
  ])("%s are not used, which is said: columns are taken whole", async (_, action) => {
    const { mapping, notes } = await suggest(robot({ action }));
    expect(mapping.action).toEqual([{ key: "action", entries: "all" }]);
    expect(notes.find(({ path }) => path === "action")?.text).toMatch(/^whole: modality\.json names parts/);
  });

  it("name cameras, which tells a wrist", async () => {
    const dataset = robot({ videos: [{ name: "right_wrist", key: "cam_7" }] });
    const rows = await lookThrough(dataset, vectorKeys(dataset), () => {});
    const machine = { memoryBytes: 2 ** 34, cores: 1 };
    const found = [{ dataset, location: "robot", rows }];
    const { views } = await suggestRecipe(found, { root: "/", variant: "pi0", size: "micro", machine });
    expect(views).toEqual([{ view: "right_wrist", isAtWrist: true, keys: new Map([["robot", "cam_7"]]) }]);
  });

  it.skipIf(!hasRealData)(onRealData("give the 44 dofs of a real robot the parts that its maker says"), async () => {
    const gr1 = await openDataset(realDataset("gr1_pick_place"), everything("gr1_pick_place"));
    const { mapping, notes } = await suggest(gr1);
    await gr1.close();
    const parts = [...Map.groupBy(mapping.dofs, ({ part }) => part)].map(([part, dofs]) => [part, dofs.length]);
    expect(parts).toEqual([
      ["left arm", 7],
      ["left hand", 6],
      ["left leg", 6],
      ["neck", 3],
      ["right arm", 7],
      ["right hand", 6],
      ["right leg", 6],
      ["waist", 3],
    ]);
    expect(mapping.dofs[22]?.name).toBe("motor_22");
    // Its file has the state of one arm in the column of actions.
    expect(new Set(mapping.state.map(({ key }) => key))).toEqual(new Set(["observation.state"]));
    expect(notes.filter(({ text }) => text.includes("which is the answer")).length).toBe(1);
  });
});
