import { describe, expect, it } from "vitest";
import type { Dataset, Feature } from "../../dataset/dataset.ts";
import { generate } from "../../dataset/generated.ts";
import { usualAugmentation } from "../../embodiment/augment.ts";
import { droid } from "../../embodiment/robot.ts";
import { HostArray } from "../../graph/host-array.ts";
import { parseRecipe } from "../file.ts";
import { lookThrough } from "./look.ts";
import { vectorKeys } from "./mapping.ts";
import { type SuggestionChoice, suggestRecipe } from "./recipe.ts";

const numbers = (key: string, names: readonly string[]): Feature => ({
  key,
  type: "float32",
  shape: [names.length],
  names,
});
const camera = (name: string): Feature => ({
  key: `observation.images.${name}`,
  type: "video",
  shape: [8, 8, 3],
  names: null,
});

interface Toy {
  readonly robotType?: string;
  readonly episodes?: number;
  readonly tasks?: readonly string[];
  readonly features: readonly Feature[];
}

async function toy(name: string, { robotType = "unknown", episodes = 3, tasks = ["go"], features }: Toy) {
  const episodeLengths = Array<number>(episodes).fill(5);
  const dataset = generate({ name, robotType, framesPerSecond: 10, features, episodeLengths, tasks, seed: 1 });
  return { dataset, location: name, rows: await lookThrough(dataset, vectorKeys(dataset), () => {}) };
}

const machine = { memoryBytes: 2 ** 34, cores: 3 };
const choice: SuggestionChoice = { root: "/data", variant: "pi0", size: "micro", machine };
const elbows = [numbers("action", ["elbow"]), numbers("observation.state", ["elbow"])];

describe("a recipe for datasets", () => {
  it("counts the slots of the widest robot and room for the longest instruction, and is whole", async () => {
    const wide = [numbers("action", ["x", "y", "z"]), numbers("observation.state", ["x", "y", "z", "yaw"])];
    // One token to begin, and eleven bytes for nine letters of which two take two bytes: 12, in a multiple of eight.
    const found = [
      await toy("one", { features: elbows }),
      await toy("Two_2", { features: wide, tasks: ["fünf Äste"] }),
    ];
    const { recipe } = await suggestRecipe(found, choice);
    expect(parseRecipe("suggested", recipe)).toEqual(recipe);
    const { actionWidth, stateWidth, promptTokens } = recipe.policy;
    expect({ actionWidth, stateWidth, promptTokens }).toEqual({ actionWidth: 3, stateWidth: 4, promptTokens: 16 });
    expect([recipe.name, recipe.threads, recipe.data.root]).toEqual(["one-and-1-more", 3, "/data"]);
    expect(recipe.data.datasets.map(({ mapping }) => mapping.controlMode)).toEqual(["joint", "ee"]);
  });

  it("has room for the state where the policy's prompt says it, whatever the state", async () => {
    const wide = [numbers("action", ["x", "y", "z"]), numbers("observation.state", ["x", "y", "z", "yaw"])];
    const { recipe } = await suggestRecipe([await toy("wide", { features: wide })], { ...choice, variant: "pi05" });
    // One to begin, 17 bytes of "Task: go, State: ", 15 of "255 255 255 255", 10 of ";\nAction: ": 43, in a multiple of eight.
    expect(recipe.policy.promptTokens).toBe(48);
  });

  it("normalise by quantiles where the prompt says the state in bins from −1 to 1, outside of which nothing is told apart", async () => {
    const data = await toy("state", {
      features: [numbers("action", ["x", "y", "z"]), numbers("observation.state", ["x", "y", "z", "yaw"])],
    });
    const modes = await Promise.all(
      (["pi0", "pi05", "pi0_fast"] as const).map(async (variant) => {
        const { recipe } = await suggestRecipe([data], { ...choice, variant });
        return recipe.data.normalization;
      }),
    );
    expect(modes).toEqual(["mean-std", "quantile", "quantile"]);
  });

  it("holds nothing out of a single episode, and validates only where something is held out", async () => {
    const single = await toy("single", { episodes: 1, features: elbows });
    const alone = await suggestRecipe([single], choice);
    expect([alone.recipe.data.datasets[0]?.role, alone.recipe.validation.everySteps]).toEqual(["train", 0]);
    const both = await suggestRecipe([single, await toy("more", { features: elbows })], choice);
    expect(both.recipe.data.datasets.map(({ role }) => role)).toEqual(["train", "both"]);
    expect(both.recipe.validation.everySteps).toBe(100);
  });

  it("gives a dataset without instructions its name as a fixed prompt, and says so", async () => {
    const { recipe, notes } = await suggestRecipe(
      [await toy("open_the-drawer", { tasks: [], features: elbows })],
      choice,
    );
    expect(recipe.data.datasets[0]?.mapping.prompt).toEqual({ kind: "fixed", text: "open the drawer" });
    expect(notes.map(({ path }) => path)).toContain("data.datasets.0.mapping.prompt");
  });

  it("maps each robot's cameras to shared views, and turns no picture of a wrist", async () => {
    const found = [
      await toy("one", { features: [...elbows, camera("top"), camera("wrist_image")] }),
      await toy("two", { features: [...elbows, camera("side")] }),
    ];
    const { recipe } = await suggestRecipe(found, choice);
    expect(recipe.policy.views).toEqual(["base", "wrist_image"]);
    expect(recipe.data.datasets.map(({ mapping }) => mapping.cameras)).toEqual([
      { base: "observation.images.top", wrist_image: "observation.images.wrist_image" },
      { base: "observation.images.side" },
    ]);
    expect(recipe.data.augmentation).toEqual({ ...usualAugmentation, colourOnly: ["wrist_image"] });
  });

  it("keeps robots of one type apart that have other entries, as they cannot share statistics", async () => {
    const swapped = [numbers("action", ["wrist", "elbow"])];
    const found = [
      await toy("one", { robotType: "so101", features: [numbers("action", ["elbow", "wrist"])] }),
      await toy("two", { robotType: "so101", features: swapped }),
      await toy("three", { robotType: "so101", features: [numbers("action", ["elbow", "wrist"])] }),
    ];
    const { recipe } = await suggestRecipe(found, choice);
    expect(recipe.data.datasets.map(({ mapping }) => mapping.robotType)).toEqual([null, "so101 of two", null]);
  });

  it("reads a robot's joints in degrees as radians where another recording of it has those, and says so", async () => {
    const moving = async (name: string, elbow: readonly number[]) => {
      const found = await toy(name, { robotType: "arm", features: elbows });
      const column = new HostArray("i j", [5, 1], "float64", Float64Array.from(elbow));
      const table: Dataset["table"] = async (episode) => ({
        ...(await found.dataset.table(episode)),
        vector: () => column,
      });
      return { ...found, dataset: { ...found.dataset, table } };
    };
    const found = [await moving("one", [0, 0.5, 1, 1.5, 0.7]), await moving("two", [0, 30, 60, 90, 40])];
    const { recipe, notes } = await suggestRecipe(found, choice);
    const said = recipe.data.datasets.map(({ mapping: { robotType, dofs, states } }) => [
      robotType,
      ...[...(dofs ?? []), ...(states ?? [])].map(({ unit, recordedIn }) => `${unit} from ${recordedIn}`),
    ]);
    expect(said).toEqual([
      [null, "rad from undefined", "rad from undefined"],
      [null, "rad from deg", "rad from deg"],
    ]);
    expect(notes.filter(({ path }) => path.endsWith(".mapping.dofs")).map(({ text }) => text)).toEqual([
      "units: a guess: joints reach 1.50, no more than 2π",
      'read in the units of "one", whose robot this is; recordedIn says what they are in this recording',
      "units: a guess: joints reach 90.0, more than 2π",
    ]);
  });

  it("takes the ready mapping of a robot whose name and columns it finds", async () => {
    const features = [
      numbers("actions", [..."abcdefgh"]),
      numbers("joint_position", [..."abcdefg"]),
      numbers("gripper_position", ["grip"]),
    ];
    const { recipe } = await suggestRecipe([await toy("my_droid", { features })], choice);
    const { dofs, states, state } = recipe.data.datasets[0]!.mapping;
    expect({ dofs, states, state }).toEqual({ dofs: droid.dofs, states: droid.states, state: droid.state });
  });

  it.each([
    ["the state", 1, [0, 1]],
    ["its opposite", -1, [null, null]],
  ])("pairs dofs with state entries where actions are %s", async (_, sign, pairs) => {
    const found = await toy("own", {
      features: [numbers("action", ["x", "y"]), numbers("observation.state", ["x", "y"])],
    });
    const table: Dataset["table"] = async (episode) => {
      const whole = await found.dataset.table(episode);
      const { shape, cells } = whole.vector("observation.state");
      const action = new HostArray(
        "i j",
        shape,
        "float64",
        cells.map((value) => sign * value),
      );
      return { ...whole, vector: (key) => (key === "action" ? action : whole.vector(key)) };
    };
    const { recipe, notes } = await suggestRecipe([{ ...found, dataset: { ...found.dataset, table } }], choice);
    expect(recipe.data.datasets[0]?.mapping.dofs?.map(({ state }) => state)).toEqual(pairs);
    expect(notes.some(({ path }) => path === "data.datasets.0.mapping.dofs")).toBe(sign < 0);
  });

  it("refuses a dataset without actions with the columns that it has", async () => {
    const dataset = generate({
      name: "eyes",
      robotType: "",
      framesPerSecond: 10,
      features: [numbers("observation.state", ["x"])],
      episodeLengths: [3],
      tasks: [],
      seed: 1,
    });
    expect(() => vectorKeys(dataset)).toThrow(
      'dataset "eyes": expected a column "action", "actions" or "action.…", got observation.state',
    );
  });
});
