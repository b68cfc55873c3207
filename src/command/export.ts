import { resolve } from "node:path";
import { InputError } from "../input-error.ts";
import { chunkingNames } from "../serving/chunking.ts";
import type { OnnxExport } from "../serving/export-onnx.ts";
import { shortest } from "../shortest.ts";
import { type CommandOutcome, define } from "./definition.ts";
import { choice, otherwise, text } from "./parameter.ts";
import { runArgument } from "./run-argument.ts";

const pictureType = choice("type", "of the pictures of an ONNX file, 0 to 255", ["uint8", "float32"]);

export const exportWeights = define({
  name: "export",
  summary:
    "write a run's policy for other programs: an ONNX file that makes actions, a folder of LeRobot's, or its curves for TensorBoard",
  arguments: { run: runArgument },
  options: {
    onnx: otherwise(
      text(
        "file",
        "one program from a robot's state, pictures and prompt to its actions; its metadata says what to feed",
      ),
      null,
    ),
    lerobot: otherwise(
      text(
        "folder",
        "a new or empty folder, which LeRobot's own class loads: config.json, weights, processors with statistics",
      ),
      null,
    ),
    tensorboard: otherwise(
      text("folder", "for an event file with all that the run has logged, as `train --log tensorboard` writes one"),
      null,
    ),
    robot: otherwise(
      text("name", 'it is exported for: a dataset\'s, or "dataset / control mode", where the run has several'),
      null,
    ),
    pictures: otherwise(pictureType, "uint8" as const),
    chunking: otherwise(
      choice("way", "chunks of an ONNX file may go on from those before them", chunkingNames),
      chunkingNames[0],
    ),
  },
  examples: [
    { line: "export runs/pi0 --onnx pi0.onnx", shows: "a file for ONNX Runtime in any language" },
    {
      line: "export runs/pi0 --onnx pi0.onnx --chunking guided",
      shows: "the same, whose chunks go on from those before them where it is served so",
    },
    { line: "export runs/pi0 --lerobot pi0_back", shows: "what was imported, as LeRobot had it" },
    { line: "export runs/pi0 --tensorboard curves/pi0", shows: "its curves: tensorboard --logdir curves" },
    { line: "export runs/both --onnx so101.onnx --robot so101_pick", shows: "for one of its robots" },
  ],
  async run({ run, onnx, lerobot, tensorboard, robot, pictures, chunking }) {
    const asked = [onnx, lerobot, tensorboard].filter((one) => one !== null).length;
    if (asked !== 1)
      throw new InputError(
        `export: expected one of --onnx FILE, --lerobot FOLDER and --tensorboard FOLDER, got ${asked === 0 ? "none" : asked}`,
      );
    if (onnx !== null) return await exportProgram(resolve(run), resolve(onnx), { robot, pictures, chunking });
    if (chunking !== "none")
      throw new InputError(
        `--chunking: expected --onnx with it, got ${lerobot === null ? "--tensorboard" : "--lerobot"}`,
      );
    if (tensorboard !== null) return await exportCurves(resolve(run), resolve(tensorboard));
    const { exportLerobot } = await import("../training/export-lerobot.ts");
    const folder = resolve(lerobot!);
    const { step, madeUp, notes } = await exportLerobot({ run: resolve(run), folder, robot });
    return {
      status: 0,
      json: { folder, step, madeUp, notes },
      text: [
        `step ${step}: ${shortest(folder)}`,
        `zeros, as no result depends on them: ${madeUp.join(", ") || "none"}`,
        ...notes,
      ].join("\n"),
    };
  },
});

async function exportProgram(
  run: string,
  file: string,
  choice: Pick<OnnxExport, "robot" | "pictures" | "chunking">,
): Promise<CommandOutcome> {
  const { exportOnnx, mostBytesInside } = await import("../serving/export-onnx.ts");
  const written = await exportOnnx({ run, file, ...choice, mostBytes: mostBytesInside });
  const { step, weights, bytes, inputs } = written;
  const beside = weights === null ? "" : `, weights in ${shortest(weights)}`;
  return {
    status: 0,
    json: { file, ...written },
    text: [
      `step ${step}, for ${written.robot}: ${shortest(file)}${beside}, ${bytes.toLocaleString("en")} bytes`,
      ...inputs.map(({ name, type, shape }) => `  ${name}  ${type} [${shape.join(", ")}]`),
    ].join("\n"),
  };
}

async function exportCurves(path: string, folder: string): Promise<CommandOutcome> {
  const { TensorBoardLog } = await import("../dashboard/tensorboard/log.ts");
  const { readRunRecipe } = await import("../recipe/file.ts");
  const { runOf } = await import("../checkpoint/chosen.ts");
  const run = runOf(path);
  const { batch } = await readRunRecipe(run);
  const log = await TensorBoardLog.begin({ run, folder, batchSize: batch.size, now: Date.now });
  log.close();
  return { status: 0, json: { file: log.path }, text: shortest(log.path) };
}
