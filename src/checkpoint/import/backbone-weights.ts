import { HostArray } from "../../graph/host-array.ts";
import { InputError } from "../../input-error.ts";
import type { LayerChoice } from "../../nn/layer.ts";
import type { ParameterForm, ParameterValues } from "../../nn/parameter.ts";
import { resizedPlaces } from "../../policy/patch-position.ts";
import type { PolicyForm } from "../../policy/policy.ts";
import type { TrunkSize, VisionSize } from "../../policy/size.ts";
import { readForeignWeights } from "./foreign.ts";
import { checkTensors, foreignTensors, unreadTensors } from "./names.ts";
import { otherwiseInText, otherwiseInVision, sideOf } from "./published-difference.ts";
import { type PublishedModel, readPublishedModel } from "./published-model.ts";
import type { TensorSource } from "./tensor-source.ts";

/** Parts of a policy that a published model may have, and what their parameters' names begin with. */
const parts = {
  "language model": ["embedding.", "backbone.", "scores."],
  "image tower": ["vision.tower."],
  connector: ["vision.projector."],
} as const;

export type BackbonePart = keyof typeof parts;

const partNames = ["language model", "image tower", "connector"] as const satisfies readonly BackbonePart[];

/** What a policy takes of a published model. */
export interface TakenModel {
  readonly folder: string;
  /** As its configuration calls it. */
  readonly type: string;
  readonly parts: readonly { readonly part: BackbonePart; readonly tensors: number }[];
  /** Layers of its language model, and how many of them, from the first on, the policy has; `null` where it has none. */
  readonly layers: { readonly taken: number; readonly of: number } | null;
  /** Tensors that stay behind. */
  readonly left: readonly string[];
  /** What the policy computes otherwise than the model did. */
  readonly otherwise: readonly string[];
}

/** A published model that fits a policy: what is taken, and how it is read. */
export interface FittingModel {
  readonly taken: TakenModel;
  /** Of the policy's parameters those that are taken. */
  readonly read: () => Promise<ParameterValues>;
}

/** What of a policy a published model is held against. */
export interface TakingPolicy {
  readonly form: PolicyForm;
  readonly parameters: readonly ParameterForm[];
}

/**
 * What a policy takes of a published model, by the headers of its files.
 *
 * @throws InputError in one line where the model has another kind of layers, another size or another table of tokens than the policy, or
 *   nothing for it, or where tensors are missing, or such that nobody asks for
 */
export async function fitModel(source: TensorSource, { form, parameters }: TakingPolicy): Promise<FittingModel> {
  const model = await readPublishedModel(source);
  const { names, where, type, text } = model;
  const given = partNames.filter((part) => has(model, part, form));
  const own = given.map((part) => ({ part, forms: parameters.filter(({ name }) => isOf(part, name)) }));
  const forms = own.flatMap((one) => one.forms);
  if (forms.length === 0)
    throw new InputError(`${where}: expected a part of the policy, got a "${type}", of which it has none`);
  checkText(model, form);
  const hasTower = own.some(({ part, forms: some }) => part === "image tower" && some.length > 0);
  if (hasTower) checkTower(model, form);
  const stored = forms.map((one) => asStored(one, model));
  const wanted = foreignTensors(names, stored);
  checkTensors(source.folder, names, wanted, source.shapes);
  const taken: TakenModel = {
    folder: source.folder,
    type,
    parts: own.flatMap(({ part, forms: { length } }) => (length === 0 ? [] : [{ part, tensors: length }])),
    layers: text && { taken: form.size.backbone.layers, of: text.size.layers },
    left: unreadTensors(names, wanted, source.shapes),
    otherwise: [...otherwiseInText(model, form), ...(hasTower ? otherwiseInVision(model, form) : [])],
  };
  return { taken, read: async () => ofPictures(await readForeignWeights(source, names, stored), form) };
}

/** @throws InputError where two models have the same part of a policy */
export function checkPartsOnce(models: readonly TakenModel[]): void {
  const byPart = new Map<BackbonePart, string>();
  for (const { folder, parts: own } of models)
    for (const { part } of own) {
      const other = byPart.get(part);
      if (other !== undefined)
        throw new InputError(`--init-backbone: expected each part once, got the ${part} of ${other} and of ${folder}`);
      byPart.set(part, folder);
    }
}

/** The table of the places of a picture's patches: it follows from the size of pictures alone, which may be another here. */
const placesName = "vision.tower.position";

/** A parameter as long as the model has it. */
function asStored(form: ParameterForm, { vision }: PublishedModel): ParameterForm {
  if (form.name !== placesName || vision === null) return form;
  return { ...form, shape: [sideOf(vision.size) ** 2, vision.size.width] };
}

/** The model's weights with its table of places resized to the policy's pictures, where these are others. */
function ofPictures(values: ParameterValues, { size }: PolicyForm): ParameterValues {
  const side = sideOf(size.vision);
  const table = values.get(placesName);
  if (table === undefined || table.shape[0] === side ** 2) return values;
  const [places = 0, width = 0] = table.shape;
  const own = resizedPlaces(new HostArray("n e", [places, width], "float32", table.cells), side);
  return new Map([...values, [placesName, own]]);
}

function has({ text, vision, connector }: PublishedModel, part: BackbonePart, { variant }: PolicyForm): boolean {
  switch (part) {
    case "language model":
      return text !== null;
    case "image tower":
      return vision !== null;
    case "connector":
      return connector === variant.tower.connector.kind;
  }
}

function isOf(part: BackbonePart, name: string): boolean {
  return parts[part].some((beginning) => name.startsWith(beginning));
}

/** A policy may have fewer layers than the model: then it has the first ones, as SmolVLA has 16 of 32. */
function checkText(
  { where, type, text }: PublishedModel,
  { variant, size: { backbone }, vocabulary }: PolicyForm,
): void {
  if (text === null) return;
  if (kindOf(text.choice.layer) !== kindOf(variant.backbone.layer))
    throw new InputError(
      `${where}: expected a language model of the layers that policy.variant has (${kindOf(variant.backbone.layer)}), got "${type}" ` +
        `(${kindOf(text.choice.layer)})`,
    );
  const { layers } = text.size;
  const others = differences(text.size, backbone, ["width", "mlp", "heads", "keyHeads", "headWidth"]);
  if (layers < backbone.layers) others.push(`layers ${layers} for ${backbone.layers}`);
  refuseSizes(`${where}: expected the language model of policy.size`, others, text.size);
  if (text.vocabulary !== vocabulary)
    throw new InputError(
      `${where}: expected a table of ${vocabulary} tokens, as the recipe says, got one of ${text.vocabulary}; set policy.vocabulary to ` +
        `${text.vocabulary}, and policy.tokenizer to the folder of the model's tokenizer.json`,
    );
}

function checkTower({ where, type, vision }: PublishedModel, { variant, size }: PolicyForm): void {
  if (vision === null) return;
  if (kindOf(vision.choice.layer) !== kindOf(variant.tower.layer))
    throw new InputError(
      `${where}: expected an image tower of the layers that policy.variant has (${kindOf(variant.tower.layer)}), got "${type}" ` +
        `(${kindOf(vision.choice.layer)})`,
    );
  const fields = ["patch", "width", "layers", "mlp", "heads"] as const;
  refuseSizes(
    `${where}: expected the image tower of policy.size`,
    differences(vision.size, size.vision, fields),
    vision.size,
  );
}

function differences<K extends string>(
  theirs: Readonly<Record<K, number>>,
  ours: Readonly<Record<K, number>>,
  fields: readonly K[],
): string[] {
  return fields.flatMap((field) =>
    theirs[field] === ours[field] ? [] : [`${field} ${theirs[field]} for ${ours[field]}`],
  );
}

/** Says the model's size as a recipe writes it. */
function refuseSizes(expected: string, others: readonly string[], size: TrunkSize | VisionSize): void {
  if (others.length > 0)
    throw new InputError(`${expected}, got one of ${others.join(", ")}; the model has ${JSON.stringify(size)}`);
}

/** What layers are made of, but for the epsilons of their norms: `rms norms with gain, silu`. */
function kindOf({ norms, mlp, bias }: LayerChoice): string {
  const { attention, added, queryKey } = norms;
  return [
    `${attention.kind} norms${"weight" in attention ? ` with ${attention.weight}` : ""}`,
    ...(added === "none" ? [] : ["of what is added too"]),
    ...(queryKey === "none" ? [] : ["of queries and keys too"]),
    `${mlp.kind} ${mlp.activation}`,
    ...(bias === "none" ? [] : ["bias"]),
  ].join(", ");
}
