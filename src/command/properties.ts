import { define } from "./definition.ts";
import { count, natural, otherwise } from "./parameter.ts";
import { loadTool } from "./tool.ts";

/** Which datasets are to be drawn. */
export interface PropertiesRequest {
  readonly count: number;
  readonly seed: number;
}

export const properties = define({
  name: "properties",
  summary:
    "draw datasets at random, write them, and read them through both decoders; each row has to be what was drawn",
  arguments: {},
  options: {
    count: otherwise(count("n", "datasets, a third of which have a fault that has to be refused"), 500),
    seed: otherwise(natural("n", "seed of the first; each dataset has the next"), 0),
  },
  examples: [
    { line: "properties", shows: "five hundred datasets; five minutes on two cores that do other work as well" },
    { line: "properties --count 1 --seed 398", shows: "one again that failed, with what was drawn" },
  ],
  async run(given, terminal) {
    const tool = await loadTool<PropertiesRequest>("../../tools/properties/run.ts", "properties");
    return await tool.run(given, terminal);
  },
});
