import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { nothingGiven, readForeignPolicy } from "../../src/checkpoint/import/foreign.ts";
import { factsBeside } from "../../src/checkpoint/import/given.ts";
import type { ForeignHead, ForeignPolicy } from "../../src/checkpoint/import/imported.ts";
import { TensorSource } from "../../src/checkpoint/import/tensor-source.ts";
import type { CommandOutcome } from "../../src/command/definition.ts";
import type { ParityRequest } from "../../src/command/parity.ts";
import { type TableColumn, table } from "../../src/command/table.ts";
import { InputError } from "../../src/input-error.ts";
import { variants } from "../../src/policy/variant.ts";
import { ReferenceCase } from "./case.ts";
import { type Compared, isWithin } from "./compare.ts";
import { compareFlow } from "./flow-case.ts";
import { compareGroot } from "./groot-case.ts";
import { compareTokens } from "./token-case.ts";

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

/** What a folder's weights compute here, against the case in it, or in the folder around it: the same weights under other names. */
export async function compareFolder(folder: string) {
  const home = [folder, dirname(folder)].find((place) =>
    ["case.json", "case.safetensors"].every((name) => existsSync(join(place, name))),
  );
  if (home === undefined)
    throw new InputError(
      `parity: expected case.json and case.safetensors in the folder or in the one around it, got "${relative(".", folder)}"`,
    );
  const reference = await ReferenceCase.read(home);
  return await withPolicy(folder, async (source, policy) => {
    if ("embodiments" in policy)
      return { variant: policy.variant, compared: await compareGroot(source, policy, reference) };
    if (variants[policy.variant].head === "none")
      return { variant: policy.variant, compared: await compareTokens(source, policy, reference) };
    const names = home === folder ? policy.names : await withPolicy(home, async (_, other) => other.names);
    return { variant: policy.variant, compared: await compareFlow(source, policy, { reference, names }) };
  });
}

/** Something of the policy of a folder, whose weights are open meanwhile. */
async function withPolicy<R>(
  folder: string,
  read: (source: TensorSource, policy: ForeignPolicy | ForeignHead) => Promise<R>,
): Promise<R> {
  const source = await TensorSource.open(folder);
  try {
    return await read(source, await readForeignPolicy(source, await factsBeside(folder, nothingGiven)));
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
