import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readManifest } from "../checkpoint/checkpoint.ts";
import { chosenCheckpoint } from "../checkpoint/chosen.ts";
import { type LerobotKind, lerobotConfig, lerobotKeys, processorFiles } from "../checkpoint/export/lerobot-config.ts";
import { type ExportedTensor, exportedTensors } from "../checkpoint/export/unread.ts";
import { belowModule, type ForeignNames } from "../checkpoint/import/names.ts";
import { openpiAdaptiveNames, openpiNames } from "../checkpoint/import/openpi.ts";
import { pi0FastNames } from "../checkpoint/import/pi0-fast.ts";
import { smolvlaNames } from "../checkpoint/import/smolvla.ts";
import { mergedPieces } from "../checkpoint/merged-parameters.ts";
import type { NormalizationRecord } from "../checkpoint/robot-record.ts";
import { writeSafetensors, writeSafetensorsInPieces } from "../checkpoint/safetensors.ts";
import { openParameters } from "../checkpoint/stored-parameters.ts";
import { isOfAdapter } from "../nn/adapter.ts";
import type { PolicyForm } from "../policy/policy.ts";
import { checkpointRecipe } from "../recipe/file.ts";
import { formOf } from "../recipe/plan.ts";
import { lerobotPolicy, memberToExport } from "./lerobot-policy.ts";
import { checkRunFolder } from "./run-folder.ts";

/** A run, and where LeRobot's files of it go. */
export interface LerobotExport {
  readonly run: string;
  readonly folder: string;
  /** The robot that the policy is exported for, by its dataset, with its control mode if it has several; `null` where there is only one. */
  readonly robot: string | null;
}

/** What has been written. */
export interface ExportedFolder {
  readonly step: number;
  /** Tensors of zeros, which LeRobot's class asks for and no result depends on. */
  readonly madeUp: readonly string[];
  /** What the user should know. */
  readonly notes: readonly string[];
}

/**
 * Writes a run's policy as LeRobot saves one: `config.json`, the weights under its names with adapters merged into them, and its
 * processors.
 *
 * @throws InputError where LeRobot has no such policy, or would run it under other conventions
 */
export async function exportLerobot({ run, folder, robot }: LerobotExport): Promise<ExportedFolder> {
  await checkRunFolder(folder);
  const { folder: checkpoint, step } = await chosenCheckpoint(run);
  const manifest = await readManifest(checkpoint);
  const recipe = checkpointRecipe(checkpoint, manifest);
  const member = memberToExport(checkpoint, manifest, robot);
  const statistics = manifest.statistics[member.head]!;
  const { policy, notes } = lerobotPolicy(checkpoint, recipe, { ...member, statistics });
  const forms = new Map(Object.entries(manifest.parameters).filter(([name]) => !isOfAdapter(name)));
  const form = formOf(recipe);
  const { names, uncalled } = tensorsOf(policy.kind.type, form);
  const tensors = exportedTensors(names, forms, { path: "backbone", size: form.size.backbone, uncalled });
  const stored = await openParameters(checkpoint, manifest, recipe.validation.weights);
  const piecesOf = mergedPieces({ stored, forms: manifest.parameters, adapters: recipe.policy.adapters });
  try {
    await mkdir(dirname(folder), { recursive: true });
    await mkdir(folder, { recursive: true });
    await writeWeights(join(folder, "model.safetensors"), tensors, piecesOf);
    await writeJson(join(folder, "config.json"), lerobotConfig(policy));
    for (const { file, content, statistics: own } of processorFiles(policy)) {
      await writeJson(join(folder, file), content);
      await writeStatistics(join(folder, own), statistics);
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  } finally {
    await stored.close();
  }
  return { step, madeUp: tensors.flatMap(({ name, from }) => (from.kind === "zeros" ? [name] : [])), notes };
}

/** What LeRobot calls the parameters, and what its class has beside them and never calls. */
function tensorsOf(type: LerobotKind["type"], { vocabulary, size, head }: PolicyForm): TheirTensors {
  const expert = head.kind === "flow" ? head.expert.size.width : 0;
  switch (type) {
    case "pi0":
    case "pi05":
      return {
        names: belowModule("model", type === "pi0" ? openpiNames : openpiAdaptiveNames),
        uncalled: new Map([["model.paligemma_with_expert.gemma_expert.lm_head.weight", [vocabulary, expert]]]),
      };
    case "pi0_fast":
      return { names: belowModule("model", pi0FastNames), uncalled: new Map() };
    case "smolvla":
      return {
        names: smolvlaNames,
        uncalled: new Map([["model.vlm_with_expert.vlm.lm_head.weight", [vocabulary, size.backbone.width]]]),
      };
  }
}

interface TheirTensors {
  readonly names: ForeignNames;
  readonly uncalled: ReadonlyMap<string, readonly number[]>;
}

async function writeWeights(
  path: string,
  tensors: readonly ExportedTensor[],
  piecesOf: (name: string) => AsyncIterable<Uint8Array>,
) {
  const forms = new Map(tensors.map(({ name, shape }) => [name, { shape, type: "float32" } as const]));
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  await writeSafetensorsInPieces(
    path,
    forms,
    (name) => {
      const { shape, from } = byName.get(name)!;
      return from.kind === "parameter" ? piecesOf(from.name) : zeroPieces(shape);
    },
    "as Python",
  );
}

/** Zeros of a tensor, in pieces of at most 4 MiB. */
async function* zeroPieces(shape: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = 4 * shape.reduce((product, size) => product * size, 1);
  const piece = new Uint8Array(Math.min(bytes, 4 << 20));
  for (let at = 0; at < bytes; at += piece.length) yield piece.subarray(0, Math.min(piece.length, bytes - at));
}

async function writeStatistics(path: string, { state, action }: NormalizationRecord): Promise<void> {
  const tensors = Object.entries({ [lerobotKeys.state]: state, [lerobotKeys.action]: action }).flatMap(([key, own]) => {
    const { count: _, ...cells } = own;
    return Object.entries(cells).map(
      ([name, values]) =>
        [`${key}.${name}`, { shape: [values.length], type: "float32", cells: Float32Array.from(values) }] as const,
    );
  });
  await writeSafetensors(path, new Map(tensors.filter(([, { cells }]) => cells.length > 0)), {});
}

async function writeJson(path: string, value: object): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`, { flag: "wx" });
}
