import { existsSync } from "node:fs";
import { InputError } from "../input-error.ts";
import type { PolicyCost } from "../objective/cost.ts";
import type { PolicySizeName } from "../policy/size.ts";
import { type VariantName, variantNames } from "../policy/variant.ts";
import type { CommandOutcome } from "./definition.ts";
import { significant } from "./progress.ts";
import { table } from "./table.ts";

/** The policies that are named; `null` where none is. @throws InputError where policies and datasets are mixed */
export function policiesIn(names: readonly string[]): VariantName[] | null {
  const policies = names.flatMap((name) => variantNames.find((one) => one === name && !existsSync(name)) ?? []);
  if (policies.length === 0) return null;
  if (policies.length < names.length)
    throw new InputError(`inspect: expected policies or datasets, got both: ${names.join(", ")}`);
  return policies;
}

/** Parameters by part, memory and operations of each policy, counted without weights. */
export async function policyReport(names: readonly VariantName[], size: PolicySizeName): Promise<CommandOutcome> {
  const { costOf } = await import("../objective/cost.ts");
  const { publishedSetting } = await import("../recipe/published-setting.ts");
  const found = names.map((variant) => ({ variant, size, ...costOf(publishedSetting(variant, size, 1)) }));
  return { status: 0, json: { policies: found }, text: found.map((one) => linesOf(one)).join("\n\n") };
}

function linesOf({ variant, size, ...cost }: PolicyCost & { readonly variant: string; readonly size: string }): string {
  const { parts, parameters, gradientOperations, answerOperations } = cost;
  const rows = [...parts, { name: "all", parameters }].map((part) => [part.name, part.parameters.toLocaleString("en")]);
  const columns = [
    { title: `${variant}, ${size}`, align: "left" } as const,
    { title: "parameters", align: "right" } as const,
  ];
  const bytes = (each: number) => `${significant((each * parameters) / 1e9)} GB`;
  return [
    table(columns, rows),
    `weights ${bytes(4)}; training ${bytes(16)} (weights, gradient, two moments) and ${bytes(4)} where averages are kept, activations aside`,
    `a training step takes ${significant(gradientOperations / 1e12)} TFLOP per sample` +
      (answerOperations === null
        ? "; it answers with no actions"
        : `, an answer ${significant(answerOperations / 1e12)}`),
  ].join("\n");
}
