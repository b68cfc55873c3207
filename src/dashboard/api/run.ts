import type { Recipe } from "../../recipe/schema.ts";
import type { Endpoint } from "./endpoint.ts";
import { type RunLine, recipeOfSource, runLine } from "./runs.ts";

/** A run with what it was asked to do. */
export interface RunPage extends RunLine {
  /** `null` where it cannot be read, which the problems say. */
  readonly recipe: Recipe | null;
}

export const runEndpoint: Endpoint = {
  path: "/api/runs/:run",
  summary: "one run: what the list says of it, and its recipe",
  async answer({ sources, parameter }) {
    const source = await sources.get("run", parameter("run"));
    const line = await runLine(sources, source);
    // Why it cannot be read is among the problems of the line.
    const recipe = await recipeOfSource(sources, source).catch(() => null);
    const page: RunPage = { ...line, recipe };
    return { kind: "json", value: page };
  },
};
