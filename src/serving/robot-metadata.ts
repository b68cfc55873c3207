import { observationSlots } from "../batch/history.ts";
import { formatPrompt, saysState } from "../codec/prompt-format.ts";
import type { Entry } from "../embodiment/embodiment.ts";
import { ownUnit } from "../embodiment/unit.ts";
import type { OnnxValue } from "../graph/onnx.ts";
import { layoutOf, readingOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { promptFormatOf } from "../recipe/text.ts";
import type { FoundPolicy } from "./load.ts";
import type { ServedRobot } from "./robot.ts";
import { robotInputs } from "./robot-program.ts";

/**
 * What whoever runs an exported program has to know, as the file's metadata: by name, each of them JSON.
 *
 * @param inputs of the program: those that its policy does not read are not among them
 */
export function robotMetadata(
  { recipe, step }: Pick<FoundPolicy, "recipe" | "step">,
  robot: ServedRobot,
  inputs: readonly OnnxValue[],
): Record<string, string> {
  const { dataset, framesPerSecond, stepsPerSecond, embodiment } = robot;
  const { robotType, controlMode, dofs, states, cameras } = embodiment;
  const reading = readingOf(recipe);
  const said = {
    policy: { name: recipe.name, variant: recipe.policy.variant, step },
    robot: { dataset, robotType, controlMode, framesPerSecond, stepsPerSecond },
    actions: dofs.map(entryOf),
    state: states.map(entryOf),
    cameras: cameras.flatMap(({ view, key }) => (key === null ? [] : [view])),
    pictures: { letterbox: reading.letterbox, values: "red, green, blue, 0 to 255" },
    observations: observationSlots(layoutOf(recipe, 1), reading),
    prompt: promptOf(recipe, robot),
    inputs: Object.fromEntries(inputs.map(({ name }) => [name, meaningOf(name)])),
  };
  return Object.fromEntries(Object.entries(said).map(([name, value]) => [name, JSON.stringify(value)]));
}

function entryOf(entry: Entry): object {
  return { name: entry.name, unit: ownUnit(entry) };
}

/** How an instruction becomes tokens. Where it says the state as well, that is in unit scale: `(state − center) / scale`, 0 where scale is 0. */
function promptOf(recipe: Recipe, { units }: ServedRobot): object {
  const { promptTokens, tokenizer, vocabulary } = recipe.policy;
  const format = promptFormatOf(recipe.policy);
  const { center, scale } = units.state;
  const state = saysState(format) ? { center: [...center], scale: [...scale] } : null;
  const template = formatPrompt(format, "{task}", new Float32Array());
  return { format, template, state, most: promptTokens, tokenizer: tokenizerNamed({ tokenizer, vocabulary }) };
}

/** "bytes": a 1, then 2 + b for each byte b of the text in UTF-8. A folder stays where it is: its file is known by its hash. */
function tokenizerNamed({
  tokenizer,
  vocabulary,
}: Pick<Recipe["policy"], "tokenizer" | "vocabulary">): object | string {
  if (tokenizer === undefined) return vocabulary === undefined ? "bytes" : "unknown";
  return tokenizer === "bytes" ? tokenizer : { file: "tokenizer.json", sha256: tokenizer.sha256 };
}

/** What an input holds, and what to feed where nothing is known of it. */
function meaningOf(name: string): string {
  const { state, history, prompt, before, held, noise, real } = robotInputs;
  switch (name) {
    case state:
      return "[1, observation, entry]: the robot's own entries in its own units, oldest observation first, the last is now";
    case prompt:
      return "[1, token]: tokens of the prompt from the first place on; any token where prompt.real is false";
    case real(prompt):
      return "[1, token]: true for each token of the prompt, false behind it";
    case real(history):
      return "[1, observation]: false for observations before the robot's session began; the last is true";
    case before:
      return "[1, step, dof]: what is left of the chunk that the robot carries out, in its own units; step 0 is now; anything where held is 0";
    case held:
      return "[1, step]: how strongly the chunk is held to before, 0 to 1; of a frozen one 1 for the steps until its answer is there; all 0: it arises by itself";
    case noise:
      return "[1, step, slot]: numbers from a standard normal distribution, new ones for each chunk";
    default:
      return name.endsWith(real(""))
        ? "[1, observation]: true where the camera gave a picture; by default true"
        : '[1, observation, height, width, 3]: a square picture, made as the metadata "pictures" says; anything where it is not real';
  }
}
