import type { Group, ValidatedWeights, WeightsValidation } from "../metric/group.ts";
import { type TableColumn, table } from "./table.ts";

const columns = (names: readonly string[], numbers: readonly string[]): TableColumn[] => [
  ...names.map((title) => ({ title, align: "left" }) as const),
  ...numbers.map((title) => ({ title, align: "right" }) as const),
];
const names = ["dataset", "control mode"];

/** Losses by dataset and control mode, and over the mixture, with intervals of confidence. */
export function validationTable(validation: WeightsValidation): string {
  const { groups, aggregate, samples } = validation;
  const rows = groups.map((group) => [
    ...[group.dataset, group.controlMode, String(group.episodes), String(group.samples)],
    ...[shownLoss(group), group.episodes === 1 ? "one episode" : bounds(group)],
  ]);
  const episodes = groups.reduce((sum, group) => sum + group.episodes, 0);
  const numbers = ["episodes", "samples", "loss", "95 % by episodes"];
  return captioned(validation, columns(names, numbers), [
    ...rows,
    ["mixture", "", String(episodes), String(samples), shownLoss(aggregate), bounds(aggregate)],
  ]);
}

/** "1.9841–2.4310"; nothing where episodes do not say how far others may lie. */
function bounds({ interval }: Pick<Group, "interval">): string {
  return interval === null ? "" : interval.map((bound) => bound.toFixed(4)).join("–");
}

function captioned(
  { weights, aggregate }: WeightsValidation,
  own: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): string {
  const summed = [...aggregate.byErrors.keys()].join(" + ");
  return `${summed} loss of ${weightsWord[weights]} on held-out episodes\n${table(own, rows)}`;
}

/** The same at the beginning and the end of training, and what is left of it. */
export function improvementTable(first: WeightsValidation, last: WeightsValidation): string {
  const before = new Map(first.groups.map((group) => [`${group.dataset}/${group.controlMode}`, group]));
  const rows = last.groups.map((group) => {
    const own = before.get(`${group.dataset}/${group.controlMode}`) ?? { loss: null };
    return [
      group.dataset,
      group.controlMode,
      String(group.samples),
      shownLoss(own),
      shownLoss(group),
      lossChange(own, group),
    ];
  });
  const whole = [shownLoss(first.aggregate), shownLoss(last.aggregate), lossChange(first.aggregate, last.aggregate)];
  return captioned(last, columns(names, ["samples", "before", "after", "change"]), [
    ...rows,
    ["mixture", "", String(last.samples), ...whole],
  ]);
}

/** A validation on the way: its loss, and below it those of the groups, in lines no longer than a screen is wide. */
export function validationLines(
  step: number,
  { weights, groups, aggregate }: WeightsValidation,
  columns: number,
): string[] {
  const lines = [`step ${step}  validation of ${weightsWord[weights]} ${shownLoss(aggregate)}`];
  for (const [at, group] of groups.entries()) {
    const isOnly = groups.every((other) => other === group || other.dataset !== group.dataset);
    const own = `${group.dataset}${isOnly ? "" : ` / ${group.controlMode}`} ${shownLoss(group)}`;
    const joined = `${lines.at(-1)}  ${own}`;
    if (at === 0 || joined.length > columns) lines.push(`  ${own}`);
    else lines.splice(-1, 1, joined);
  }
  return lines;
}

/** What the weights are called that are validated. */
const weightsWord: Readonly<Record<ValidatedWeights, string>> = { parameters: "raw weights", ema: "EMA weights" };

type Loss = Pick<Group, "loss">;

/** A loss in four places, or that there are no samples of it. */
export function shownLoss({ loss }: Loss): string {
  return loss === null ? "no data" : loss.toFixed(4);
}

/** What is left of a loss, as a share of what it was. */
export function lossChange(before: Loss, after: Loss): string {
  if (before.loss === null || after.loss === null) return "";
  const percent = Math.round(100 * (after.loss / before.loss - 1));
  return `${percent > 0 ? "+" : percent < 0 ? "−" : ""}${Math.abs(percent)} %`;
}
