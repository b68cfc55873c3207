import { join } from "node:path";
import { HostArray } from "../../graph/host-array.ts";
import { InputError } from "../../input-error.ts";
import type { ParameterForm, ParameterValues } from "../../nn/parameter.ts";
import type { PictureMarks } from "../../policy/picture-mark.ts";
import { textOf } from "./foreign-file.ts";
import { type GrootCounts, lerobotGroot, nvidiaGroot, publishedGrootCounts } from "./groot.ts";
import type { ForeignHead, ForeignPolicy } from "./imported.ts";
import { checkTensors, type ForeignNames, foreignTensors, nameInFile } from "./names.ts";
import { opentauKind, opentauPolicy } from "./opentau.ts";
import { isOpenpi, lerobotPi, openpiPi, publishedPiHeads } from "./pi.ts";
import { lerobotPi0Fast } from "./pi0-fast.ts";
import { rearrange } from "./rearrange.ts";
import type { HeadCounts } from "./shape-sizes.ts";
import { lerobotSmolvla, publishedSmolvlaHeads } from "./smolvla.ts";
import { checkFinite, jsonOf, type TensorSource } from "./tensor-source.ts";

/** What the user says of what no shape of a tensor says; `null` where it is as published, or where a file says it. */
export interface GivenFacts {
  readonly headWidth: number | null;
  readonly visionHeads: number | null;
  /** Of GR00T's layers over features, and how its blocks read them; "every": each reads all. */
  readonly featureHeadWidth: number | null;
  readonly textEvery: number | "every" | null;
  /** Steps of an action chunk, and names of the cameras in the policy's order, of files that do not say them. */
  readonly horizon: number | null;
  readonly cameras: readonly string[] | null;
  /** Whose weights a robot begins with, of an action head that has a set for each of several. */
  readonly embodiment: number | null;
  /** Tokens around each picture, of a policy that has some. */
  readonly pictureMarks: Pick<PictureMarks, "before" | "after"> | null;
}

export const nothingGiven: GivenFacts = {
  headWidth: null,
  visionHeads: null,
  featureHeadWidth: null,
  textEvery: null,
  horizon: null,
  cameras: null,
  embodiment: null,
  pictureMarks: null,
};

/**
 * What a folder of another project says of its policy, worked out of its files.
 *
 * @throws InputError naming the file where it is of no project that is known, or does not fit its own weights
 */
export async function readForeignPolicy(source: TensorSource, given: GivenFacts): Promise<ForeignPolicy | ForeignHead> {
  const where = join(source.folder, "config.json");
  const text = await textOf(where);
  const config = text === null ? null : jsonOf(where, text);
  const type = typeOf(config);
  const { shapes } = source;
  if (type === undefined && isOpenpi(shapes)) {
    const files = { where: text === null ? source.folder : where, config, shapes };
    return openpiPi(files, { ...headsOf(given, publishedPiHeads), horizon: given.horizon, cameras: given.cameras });
  }
  if (text === null) throw new InputError(`${where}: expected a policy's configuration, got no file`);
  const kind = opentauKind(type, config, shapes);
  if (kind !== null) return opentauPolicy(kind, { where, config, shapes }, given);
  refuseOldStatistics(source);
  switch (type) {
    case "pi0":
    case "pi05":
      return lerobotPi(type, { where, config, shapes }, headsOf(given, publishedPiHeads));
    case "pi0_fast":
      return lerobotPi0Fast(where, config, shapes, headsOf(given, publishedPiHeads));
    case "smolvla":
      return lerobotSmolvla({ where, config, shapes }, headsOf(given, publishedSmolvlaHeads), given.pictureMarks);
    case "groot":
      return lerobotGroot({ where, config, shapes }, grootCountsOf(given), given.embodiment);
    case "Gr00tN1d7":
    case "gr00t_n1_5":
      return nvidiaGroot({ where, config, shapes }, given);
    default:
      throw new InputError(
        `${where}: expected "type" to be "pi0", "pi05", "pi0_fast", "smolvla" or "groot", or one of OpenTau's policies, got ${JSON.stringify(type) ?? "none"}`,
      );
  }
}

/** @throws InputError where statistics stand among the weights, as LeRobot kept them before it had processors */
function refuseOldStatistics({ folder, shapes }: TensorSource): void {
  const found = [...shapes.keys()].find((name) => /^(un)?normalize_(inputs|targets|outputs)\./.test(name));
  if (found === undefined) return;
  throw new InputError(
    `${folder}: expected statistics in files of processors, got "${found}" among the weights, as LeRobot saved policies before 0.4; ` +
      'rewrite the folder with "python -m lerobot.processor.migrate_policy_normalization --pretrained-path FOLDER"',
  );
}

/** What a configuration says that it is of: LeRobot's by "type", others by "model_type". */
function typeOf(config: unknown): unknown {
  if (typeof config !== "object" || config === null) return undefined;
  if ("type" in config) return config.type;
  return "model_type" in config ? config.model_type : undefined;
}

/**
 * A policy's parameters, from another project's weights.
 *
 * @param forms what the policy is made of
 * @throws InputError naming tensors that are missing, of another shape, or that nobody asks for
 */
export async function readForeignWeights(
  source: TensorSource,
  names: ForeignNames,
  forms: readonly ParameterForm[],
): Promise<ParameterValues> {
  const wanted = foreignTensors(names, forms);
  checkTensors(source.folder, names, wanted, source.shapes);
  const values = new Map<string, HostArray<string, "float32">>();
  for (const [at, { parameter, name, axes: theirs }] of wanted.entries()) {
    const { axes, shape } = forms[at]!;
    const tensor = await source.read(nameInFile(names, source.shapes, name));
    const cells = floatCellsOf(source, name, tensor.cells);
    const ours = theirs === axes ? cells : rearrange(cells, tensor.shape, theirs, axes);
    values.set(parameter, new HostArray(axes, shape, "float32", ours));
  }
  return values;
}

/** @throws InputError where a tensor holds whole numbers, or what is no number */
export function floatCellsOf({ folder }: TensorSource, name: string, cells: ArrayBufferView): Float32Array {
  if (cells instanceof Float32Array || cells instanceof Float64Array) {
    const own = cells instanceof Float32Array ? cells : Float32Array.from(cells);
    checkFinite(folder, name, own);
    return own;
  }
  throw new InputError(`${folder}: expected floating-point numbers in "${name}", got whole ones`);
}

function headsOf(given: GivenFacts, published: HeadCounts): HeadCounts {
  return {
    headWidth: given.headWidth ?? published.headWidth,
    visionHeads: given.visionHeads ?? published.visionHeads,
  };
}

function grootCountsOf({ headWidth, featureHeadWidth, textEvery }: GivenFacts): GrootCounts {
  return {
    headWidth: headWidth ?? publishedGrootCounts.headWidth,
    featureHeadWidth: featureHeadWidth ?? publishedGrootCounts.featureHeadWidth,
    textEvery: textEvery === "every" ? null : (textEvery ?? publishedGrootCounts.textEvery),
  };
}
