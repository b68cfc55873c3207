import type { ActionError } from "../metric/action-error.ts";
import { Mean } from "../validity/mean.ts";
import { significant } from "./progress.ts";
import { type TableColumn, table } from "./table.ts";

const columns: readonly TableColumn[] = [
  { title: "dataset", align: "left" },
  { title: "control mode", align: "left" },
  { title: "samples", align: "right" },
  { title: "dofs", align: "right" },
  { title: "mean error", align: "right" },
  { title: "unit", align: "left" },
];

/** How many of the worst dofs a line names. */
const named = 3;

/** Errors of sampled actions: two lines for each dataset, control mode and unit; none where nothing was sampled. */
export function actionErrorTable(errors: readonly ActionError[]): string[] {
  if (errors.length === 0) return [];
  const groups = Map.groupBy(errors, ({ dataset, controlMode, unit }) => JSON.stringify([dataset, controlMode, unit]));
  const own = [...groups.values()];
  const [titles = "", rule = "", ...rows] = table(columns, own.map(line)).split("\n");
  const pairs = rows.flatMap((row, at) => [row, `  worst: ${worstOf(own[at]!)}`]);
  return [
    "",
    "sampled actions: mean absolute error over real steps",
    titles,
    rule,
    ...pairs,
    ...new Set(own.flatMap(unsaidLine)),
  ];
}

/** What a policy that says its actions did not say: nothing is known of it, and the errors are of the rest. */
function unsaidLine(errors: readonly ActionError[]): string[] {
  const { dataset, controlMode, steps, unsaidSteps } = errors[0]!;
  if (unsaidSteps === 0) return [];
  return [
    `${dataset}, ${controlMode}: answers said ${steps} of ${steps + unsaidSteps} steps; the errors are of those alone`,
  ];
}

function line(errors: readonly ActionError[]): string[] {
  const { dataset, controlMode, samples, unit } = errors[0]!;
  const mean = errors.reduce(
    (sum, { meanAbsoluteError }) => (meanAbsoluteError === null ? sum : sum.plus(new Mean(meanAbsoluteError, 1))),
    Mean.empty,
  ).value;
  return [dataset, controlMode, String(samples), String(errors.length), shown(mean), unit];
}

function worstOf(errors: readonly ActionError[]): string {
  return errors
    .toSorted((one, other) => (other.meanAbsoluteError ?? 0) - (one.meanAbsoluteError ?? 0))
    .slice(0, named)
    .map(({ dof, meanAbsoluteError }) => `${dof} ${shown(meanAbsoluteError)}`)
    .join(", ");
}

function shown(value: number | null): string {
  return value === null ? "no data" : significant(value);
}
