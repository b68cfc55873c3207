import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { nothingGiven, readForeignPolicy } from "../../src/checkpoint/import/foreign.ts";
import { headsBeside } from "../../src/checkpoint/import/heads.ts";
import { TensorSource } from "../../src/checkpoint/import/tensor-source.ts";
import type { CommandOutcome } from "../../src/command/definition.ts";
import type { ParityRequest } from "../../src/command/parity.ts";
import { type TableColumn, table } from "../../src/command/table.ts";
import { InputError } from "../../src/input-error.ts";
import { ReferenceCase } from "./case.ts";
import { type Compared, isWithin } from "./compare.ts";
import { compareFlow } from "./flow-case.ts";
import { compareGroot } from "./groot-case.ts";

/** Weights of other projects, and whether they compute here what their origin computed. */
export async function run({ folders }: ParityRequest): Promise<CommandOutcome> {
  const found: { folder: string; variant: string; compared: readonly Compared[] }[] = [];
  for (const folder of folders) found.push({ folder, ...(await compareFolder(resolve(folder))) });
  const isRight = found.every(({ compared }) => compared.every(isWithin));
  return {
    status: isRight ? 0 : 1,
    json: { isRight, folders: found },
    text: found.map(({ folder, variant, compared }) => `${folder} (${variant})\n${tableOf(compared)}`).join("\n\n"),
  };
}

/** What a folder's weights compute here, against its case. */
export async function compareFolder(folder: string) {
  if (!["case.json", "case.safetensors"].every((name) => existsSync(join(folder, name))))
    throw new InputError(
      `parity: expected a folder with case.json and case.safetensors, got "${relative(".", folder)}"`,
    );
  const reference = await ReferenceCase.read(folder);
  const source = await TensorSource.open(folder);
  try {
    const policy = await readForeignPolicy(source, await headsBeside(folder, nothingGiven));
    const isHead = "embodiments" in policy;
    const compared = isHead ? compareGroot(source, policy, reference) : compareFlow(source, policy, reference);
    return { variant: policy.variant, compared: await compared };
  } finally {
    await source.close();
  }
}

function tableOf(compared: readonly Compared[]): string {
  const rows = compared.map((one) => [
    one.name,
    one.apart.toExponential(1),
    one.allowed.toExponential(0),
    isWithin(one) ? "" : "differs",
  ]);
  const columns: readonly TableColumn[] = [
    { title: "", align: "left" },
    { title: "apart", align: "right" },
    { title: "allowed", align: "right" },
    { title: "", align: "left" },
  ];
  return table(columns, rows);
}
