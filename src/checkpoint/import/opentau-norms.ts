import { z } from "zod";
import type { NormalizationMode } from "../../embodiment/normalize.ts";
import { InputError } from "../../input-error.ts";
import { parseInput } from "../../parse-input.ts";
import type { ForeignNorms } from "./imported.ts";
import type { ForeignColumn, ForeignRobot } from "./lerobot-robot.ts";
import { type ForeignNormalization, foreignNormalization, type GivenVector } from "./normalization.ts";
import type { GivenStatistics } from "./statistics.ts";
import type { TensorSource } from "./tensor-source.ts";

const modes = { MEAN_STD: "mean-std", MIN_MAX: "min-max", QUANTILE: "quantile", IDENTITY: "identity" } as const;
const modeSchema = z.enum(["MEAN_STD", "MIN_MAX", "QUANTILE", "IDENTITY"]);
const configSchema = z.object({
  normalization_mapping: z.object({ STATE: modeSchema, ACTION: modeSchema }),
  dataset_names: z.array(z.string()).nullable().optional(),
});

/** What each mode reads, the lower or the middle first. */
const readBy = {
  "mean-std": ["mean", "std"],
  "min-max": ["min", "max"],
  quantile: ["q01", "q99"],
  identity: [],
} as const satisfies Record<NormalizationMode, readonly string[]>;

/** Tensors of a folder, as far as they are read here. */
export type Tensors = Pick<TensorSource, "folder" | "shapes" | "read">;

/**
 * How a policy of OpenTau's normalises, by the statistics among its weights.
 *
 * @param where its configuration stands
 * @throws InputError where there are none, or those of several robots and nobody said which is meant
 * @source OpenTau `policies/normalize.py`
 */
export async function opentauNormalization(
  where: string,
  config: unknown,
  { source, robot, norms }: { readonly source: Tensors; readonly robot: ForeignRobot; readonly norms: ForeignNorms },
): Promise<ForeignNormalization> {
  const { normalization_mapping: said, dataset_names: names } = parseInput(where, configSchema, config);
  const epsilon = norms.version >= 1 ? 1e-6 : 1e-8;
  const vector = async (
    module: string,
    column: ForeignColumn | null,
    mode: NormalizationMode,
  ): Promise<GivenVector> => {
    const given = new Map<string, readonly number[]>();
    for (const name of column === null ? [] : readBy[mode]) {
      const tensor = `${module}.buffer_${column!.key.replaceAll(".", "_")}.${name}`;
      given.set(name, await rowOf(source, tensor, norms.head, names ?? []));
    }
    return { column, mode, given: undivided(mode, given, { ...norms, epsilon }) };
  };
  return foreignNormalization(where, epsilon, {
    state: await vector("normalize_inputs", robot.state, modes[said.STATE]),
    action: await vector("normalize_targets", robot.action, modes[said.ACTION]),
  });
}

/** One head's numbers. */
async function rowOf(source: Tensors, name: string, head: number | null, names: readonly string[]) {
  const { folder } = source;
  const [heads = 0, width = 0] = source.shapes.get(name) ?? [];
  if (heads === 0)
    throw new InputError(
      `${folder}: expected statistics in "${name}", got none; save the policy with "save_normalization_stats"`,
    );
  if (head === null ? heads > 1 : head >= heads) {
    const listed = names.length === 0 ? "" : `: ${names.map((one, at) => `${at} is ${one}`).join(", ")}`;
    throw new InputError(
      `${folder}: expected the number of one of ${heads} robots that it normalises for${listed}, got ${head ?? "none"}; say it with --embodiment`,
    );
  }
  const { cells } = await source.read(name);
  return Array.from(cells, Number).slice((head ?? 0) * width, ((head ?? 0) + 1) * width);
}

/**
 * The same, where what would be divided by almost nothing is divided by 1, as it is there: a range of nothing is one of 1 around its value,
 * of policies before version 1 above it.
 */
function undivided(
  mode: NormalizationMode,
  given: GivenStatistics,
  { version, epsilon }: { readonly version: number; readonly epsilon: number },
): GivenStatistics {
  const [first, second] = readBy[mode];
  if (first === undefined || second === undefined) return given;
  const [low, high] = [given.get(first) ?? [], given.get(second) ?? []];
  if (mode === "mean-std")
    return new Map([...given, [second, high.map((cell) => (Math.abs(cell) < epsilon ? 1 : cell))]]);
  const range = (at: number) => high[at]! - low[at]!;
  const isNothing = (at: number) => Math.abs(range(at)) < epsilon;
  const from = low.map((cell, at) => (isNothing(at) && version >= 1 ? cell - (1 - range(at)) / 2 : cell));
  return new Map([...given, [first, from], [second, high.map((cell, at) => (isNothing(at) ? from[at]! + 1 : cell))]]);
}
