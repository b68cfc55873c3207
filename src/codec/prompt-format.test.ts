import { describe, expect, it } from "vitest";
import { formatPrompt, longestPrompt, promptFormats, saysState, stateBins } from "./prompt-format.ts";

const none = new Float32Array();

describe("the number of a state's bin", () => {
  it("counts 128ths from −1 on: an edge belongs to the bin above it", () => {
    expect(stateBins(Float32Array.of(-1, -127 / 128, 0, 1 / 128, 0.5, 127 / 128))).toEqual([0, 1, 128, 129, 192, 255]);
  });

  it("of a number next to an edge is that of its own side, also where a sum with 1 would be rounded", () => {
    const below = 1 / 128 - 2 ** -31;
    expect(stateBins(Float32Array.of(below, -1e-30, 1e-30, -1 + 2 ** -24))).toEqual([128, 127, 128, 0]);
  });

  it("is −1 below −1, and 255 from the last edge up", () => {
    expect(stateBins(Float32Array.of(-1 - 2 ** -23, -40, 1, 1.5, 1e9))).toEqual([-1, -1, 255, 255, 255]);
  });
});

describe("a prompt", () => {
  const state = Float32Array.of(-1.5, 0, 0.999);

  it.each([
    ["task", " Pick_up\nit ", " Pick_up\nit "],
    ["smolvla", "Pick_up it", "Pick_up it\n"],
    ["smolvla", "Pick_up it\n", "Pick_up it\n"],
    ["pi0", " Pick_up\nit \n", "Pick up it\n"],
    ["pi0_advantage", "Pick_up it", "Pick_up it\nAdvantage: positive\n"],
    ["pi0_advantage", "Pick_up it\n", "Pick_up it\nAdvantage: positive\n"],
    ["pi05", " Pick_up\nit \n", "Task: Pick up it, State: -1 128 255;\nAction: "],
    ["pi05_mem", "Pick_up it", "Task: Pick_up it<eos>Actions:"],
    ["pi05_fast", " Pick_up\nit ", "Task:  Pick_up\nit , State: -1 128 255;\n"],
    ["pi06", "Pick_up it", "Task: Pick_up it<eos>State: -1 128 255<eos>Actions:"],
    ["pi06_response", "Pick_up it", "Task: Pick_up it<eos>State: -1 128 255<eos>Response:"],
    ["pi07", "Pick_up it", "Task: Pick_up it, "],
    ["pi07_paligemma", "Pick_up it", "Task: Pick_up it, "],
    ["pi0_fast", " Pick_up\nit \n", "Task: Pick up it, State: -1 128 255;\n"],
    ["pi0_fast_lower", " Pick_up\nIT \n", "Task: pick up\nit, State: -1 128 255;\n"],
  ] as const)("as %s of %j is %j", (format, task, text) => {
    expect(formatPrompt(format, task, state)).toBe(text);
  });

  it("loses at its ends what Python takes for white space: separators of files, not byte order marks", () => {
    expect(formatPrompt("pi0", "\x1c\x85\u3000\ufeffgo\x1f", none)).toBe("\ufeffgo\n");
  });

  it("says the state in some formats, which are the longer for it", () => {
    expect(promptFormats.filter(saysState)).toEqual([
      "pi05",
      "pi05_fast",
      "pi06",
      "pi06_response",
      "pi0_fast",
      "pi0_fast_lower",
    ]);
    expect(longestPrompt("pi05", "go", 2)).toBe("Task: go, State: 255 255;\nAction: ");
    expect(longestPrompt("pi0", "go", 2)).toBe("go\n");
  });
});

/** What LeRobot made of three instructions, and of states in unit scale: `raw_tasks` and `prompts_after_processor` of its cases. */
const tasks = ["pick up the red_block", "Fold  the towel\n", "x"];
const noStates = [none, none, none];
const pi05States = [
  [0.0674805641, 0.21553421, -0.0603153706, -0.482231975, 0.717148304, -0.356584609],
  [-0.0320896506, 0.0882925987, -0.911569655, 0.667212129, 1.12412643, -0.0465573668],
  [0.129824758, 0.182325363, 0.320142865, -0.460348606, -0.635952473, -0.472401857],
];
const fastStates = [
  [0.546441674, -0.06013491, -1.16678607, -0.0732486546],
  [-1.01621187, -0.295229942, 0.826904118, 0.921893597],
  [-1.48588133, 0.549800813, 0.486145437, 0.144897759],
];

it.each([
  ["smolvla", noStates, ["pick up the red_block\n", "Fold  the towel\n", "x\n"]],
  [
    "pi05",
    pi05States,
    [
      "Task: pick up the red block, State: 136 155 120 66 219 82;\nAction: ",
      "Task: Fold  the towel, State: 123 139 11 213 255 122;\nAction: ",
      "Task: x, State: 144 151 168 69 46 67;\nAction: ",
    ],
  ],
  [
    "pi0_fast",
    fastStates,
    [
      "Task: pick up the red block, State: 197 120 -1 118;\n",
      "Task: Fold  the towel, State: -1 90 233 246;\n",
      "Task: x, State: -1 198 190 146;\n",
    ],
  ],
] as const)("prompts as %s are LeRobot's to the byte", (format, states, prompts) => {
  expect(tasks.map((task, at) => formatPrompt(format, task, Float32Array.from(states[at]!)))).toEqual(prompts);
});
