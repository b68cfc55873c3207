import { resolve } from "node:path";
import { shortest } from "../shortest.ts";
import { define } from "./definition.ts";
import { otherwise, text } from "./parameter.ts";
import { runArgument } from "./run-argument.ts";

export const exportWeights = define({
  name: "export",
  summary: "write a run's policy as LeRobot saves one, so that LeRobot's own class runs it",
  arguments: { run: runArgument },
  options: {
    lerobot: text("folder", "a new or empty folder: config.json, model.safetensors, processors with statistics"),
    robot: otherwise(
      text("name", 'it is exported for: a dataset\'s, or "dataset / control mode", where the run has several'),
      null,
    ),
  },
  examples: [
    { line: "export runs/pi0 --lerobot pi0_back", shows: "what was imported, as LeRobot had it" },
    { line: "export runs/both --lerobot so101 --robot so101_pick", shows: "for one of its robots" },
  ],
  async run({ run, lerobot, robot }) {
    const { exportLerobot } = await import("../training/export-lerobot.ts");
    const folder = resolve(lerobot);
    const { step, madeUp } = await exportLerobot({ run: resolve(run), folder, robot });
    return {
      status: 0,
      json: { folder, step, madeUp },
      text: [
        `step ${step}: ${shortest(folder)}`,
        `zeros, as no result depends on them: ${madeUp.join(", ") || "none"}`,
      ].join("\n"),
    };
  },
});
