import { define } from "./definition.ts";
import { repeated, text } from "./parameter.ts";
import { loadTool } from "./tool.ts";

/** Folders of other projects' weights, each with a case: what its origin computed. */
export interface ParityRequest {
  readonly folders: readonly string[];
}

export const parity = define({
  name: "parity",
  summary: "weights of other projects: whether they compute here what their origin computed",
  arguments: {
    folders: repeated(
      text("folder", "weights in their project's format, with case.json and case.safetensors beside them"),
    ),
  },
  options: {},
  examples: [
    {
      line: "parity ../shared/data/reference/pi0",
      shows: "velocities, losses, gradients and chunks, each with how far apart",
    },
    { line: "parity ../shared/data/reference/*", shows: "the same of every folder; exit status 1 if a number differs" },
  ],
  async run(given, terminal) {
    const tool = await loadTool<ParityRequest>("../../tools/parity/run.ts", "parity");
    return await tool.run(given, terminal);
  },
});
