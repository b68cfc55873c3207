import { factAxes } from "../../src/batch/fields.ts";
import { shapeIn } from "../../src/batch/layout.ts";
import { fitModel } from "../../src/checkpoint/import/backbone-weights.ts";
import { readPublishedModel } from "../../src/checkpoint/import/published-model.ts";
import { TensorSource } from "../../src/checkpoint/import/tensor-source.ts";
import { cells } from "../../src/graph/axes.ts";
import { type DataType, HostArray } from "../../src/graph/host-array.ts";
import { slice } from "../../src/graph/op/shape.ts";
import { evaluate } from "../../src/graph/testing/evaluate.ts";
import { Scope } from "../../src/nn/parameter.ts";
import { tokenScores } from "../../src/policy/answer.ts";
import { observationInputs } from "../../src/policy/inputs.ts";
import type { PolicyForm } from "../../src/policy/policy.ts";
import { type PrefixSegment, prefixStream } from "../../src/policy/prefix.ts";
import { runTrunk } from "../../src/policy/trunk.ts";
import { variants } from "../../src/policy/variant.ts";
import { encodePictures } from "../../src/policy/vision.ts";
import { Rules } from "../../src/validity/rules.ts";

/** What a published model is asked: rows of as many tokens, each behind a picture where there are some. */
export interface Question {
  readonly prefix: readonly PrefixSegment[];
  readonly rows: number;
  /** `[b n]`. */
  readonly tokens: Int32Array;
  /** `[b h w c]`, 0 to 255. */
  readonly pictures: Uint8Array | null;
  /** Patches along a side of what becomes one token. */
  readonly square: number;
}

/**
 * What a published language model computes here, with its weights and as its configuration says: the tokens that come out, `[b n e]`, and
 * what it thinks of each token of its vocabulary behind the last one, `[b y]`.
 */
export async function languageModel(
  folder: string,
  question: Question,
): Promise<Record<"seen" | "logits", Float64Array>> {
  return await onModel(folder, question, (scope, { form, isTied }, observation) => {
    const stream = prefixStream(scope, form, observation);
    const trunk = { choice: form.variant.backbone, size: form.size.backbone };
    const { tokens: seen } = runTrunk(scope.in("backbone"), trunk, stream, { before: [], condition: null });
    const last = slice(seen, "n", stream.length - 1, stream.length);
    return { seen, logits: tokenScores(scope, form, { scores: isTied ? "embedding" : "own" }, last) };
  });
}

/** The patches of pictures, `[b n e]`, as they come out of a published image tower. */
export async function imageTower(folder: string, question: Question): Promise<Record<"seen", Float64Array>> {
  return await onModel(folder, question, (scope, { form: { variant, size } }, { images }) => ({
    seen: encodePictures(scope.in("vision").in("tower"), { choice: variant.tower, size: size.vision }, images),
  }));
}

async function onModel<N extends string>(
  folder: string,
  question: Question,
  outputsOf: (
    scope: Scope,
    model: Asked,
    observation: ReturnType<typeof observationInputs>,
  ) => Parameters<typeof evaluate<N>>[0],
) {
  const source = await TensorSource.open(folder);
  try {
    const { form, isTied } = await modelOf(source, question);
    const scope = Scope.root(Rules.all);
    const layout = layoutOf(form, question);
    const outputs = outputsOf(scope, { form, isTied }, observationInputs(layout, Rules.all, "uint8"));
    const { read } = await fitModel(source, { form, parameters: scope.parameters });
    const feeds = new Map<string, HostArray<string, DataType>>([...(await read()), ...observed(layout, question)]);
    return await evaluate(outputs, { feeds, threads: 2, fixed: new Map() });
  } finally {
    await source.close();
  }
}

/** A policy that is the model and nothing else, and whether the model says tokens by the table that it reads them by. */
interface Asked {
  readonly form: PolicyForm;
  readonly isTied: boolean;
}

async function modelOf(source: TensorSource, { prefix, square }: Question): Promise<Asked> {
  const { text, vision, connector, isTied } = await readPublishedModel(source);
  const row = variants[connector === "pixel-shuffle" ? "smolvla" : connector === "pooled" ? "pi06" : "pi0"];
  const sizes = row.sizes.micro;
  const form: PolicyForm = {
    variant: { ...variants.pi0_fast, prefix, tower: row.tower, backbone: text?.choice ?? row.backbone },
    size: { vision: { ...(vision?.size ?? sizes.vision), square }, backbone: text?.size ?? sizes.backbone },
    actionVocabulary: 0,
    vocabulary: text?.vocabulary ?? 1,
    texts: new Map(),
    head: { kind: "none", horizon: 1, actionSight: "causal", pastEnd: "hidden" },
    adapters: null,
  };
  return { form, isTied };
}

function layoutOf({ size: { vision } }: PolicyForm, { rows, tokens, pictures }: Question) {
  return {
    rows,
    steps: 1,
    actionWidth: 1,
    stateWidth: 1,
    views: pictures === null ? 0 : 1,
    observations: 1,
    tokens: tokens.length / rows,
    actionTokens: 0,
    pictureSize: vision.picture,
  };
}

/** All of it exists. */
function observed(
  layout: ReturnType<typeof layoutOf>,
  { tokens, pictures }: Question,
): [string, HostArray<string, DataType>][] {
  const facts = Object.entries(factAxes).map(([name, axes]): [string, HostArray<string, DataType>] => {
    const shape = shapeIn(layout, axes);
    return [name, new HostArray(axes, shape, "bool", new Uint8Array(cells(shape)).fill(1))];
  });
  const { rows, pictureSize } = layout;
  const shape = [rows, 1, 1, pictureSize, pictureSize, 3];
  const prompt = new HostArray("b n", [rows, layout.tokens], "int32", tokens);
  const images = pictures && new HostArray("b o v h w c", shape, "uint8", pictures);
  const fields = new Map<string, HostArray<string, DataType>>([...facts, ["prompt", prompt]]);
  return [...(images === null ? fields : fields.set("images", images))];
}
