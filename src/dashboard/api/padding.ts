import { InputError } from "../../input-error.ts";
import { auditsOf } from "../padding/audit-events.ts";
import { batchMap } from "../padding/batch-map.ts";
import { askedNumber, askedSource } from "./asked.ts";
import type { Endpoint } from "./endpoint.ts";
import { openedIn } from "./opened.ts";

/** Everything that the view of padding shows. */
export const paddingEndpoints: readonly Endpoint[] = [
  {
    path: "/api/:source/:name/padding/:step",
    summary: "which cells are real in the batch that training reads at a step, by sample and field",
    async answer(request) {
      const source = await askedSource(request);
      const opened = openedIn(request.sources);
      const step = askedNumber("step", request.parameter("step"));
      const value = await opened.withData(source, async ({ plan, problem }) => {
        if (plan === null) throw new InputError(problem ?? `${source.name}: expected a recipe that trains, got none`);
        return await opened.answer(source, `batch ${step}`, () => batchMap(plan, step));
      });
      return { kind: "json", value };
    },
  },
  {
    path: "/api/runs/:run/audits",
    summary: "what the audit found while a run trained, with the place of each leak",
    async answer({ sources, parameter }) {
      const source = await sources.get("run", parameter("run"));
      return { kind: "json", value: await auditsOf(sources, source) };
    },
  },
];
