import { text } from "./parameter.ts";

/** A run to work with: its newest checkpoint, or a certain one. */
export const runArgument = text("run", "folder of a run, for its newest checkpoint, or of one: RUN/checkpoints/000200");

/** A policy to act with: a run's, as above, or an exported one. */
export const policyArgument = text(
  "run",
  "folder of a run, for its newest checkpoint, or of one: RUN/checkpoints/000200; or a file that `export --onnx` wrote",
);
