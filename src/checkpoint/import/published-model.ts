import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../input-error.ts";
import type { ConnectorChoice } from "../../policy/connector.ts";
import type { TrunkSize, VisionSize } from "../../policy/size.ts";
import { isAbsent } from "../durable.ts";
import {
  gemma3TrunkRows,
  linearConnectorRows,
  pooledConnectorRows,
  shuffledConnectorRows,
  siglipRows,
  trunkRows,
} from "./module-names.ts";
import { type ForeignNames, type NameRow, within } from "./names.ts";
import { type PublishedConfig, type PublishedText, type PublishedVision, publishedConfig } from "./published-config.ts";
import { shapeOf, siglipSizeOf, trunkSizeOf } from "./shape-sizes.ts";
import { jsonOf, type ShapesByName, type TensorSource } from "./tensor-source.ts";

/** A language or vision model as a project of Hugging Face's publishes it: what is in it, and what its files call that. */
export interface PublishedModel {
  /** Its folder's `config.json`. */
  readonly where: string;
  readonly type: string;
  readonly text: (PublishedText & { readonly size: TrunkSize; readonly vocabulary: number }) | null;
  readonly vision: (PublishedVision & { readonly size: VisionSize }) | null;
  /** Whether its table of tokens is also what it says them by. */
  readonly isTied: boolean;
  /** Of a model that sees. */
  readonly connector: PublishedConnector | null;
  readonly names: ForeignNames;
}

/**
 * What stands in a folder of a published language or vision model.
 *
 * @throws InputError naming the file, where it is of no kind that is known, or does not fit its own weights
 */
export async function readPublishedModel({ folder, shapes }: TensorSource): Promise<PublishedModel> {
  const where = join(folder, "config.json");
  const text = await readFile(where, "utf8").catch((error: unknown) => {
    throw isAbsent(error) ? new InputError(`${where}: expected a model's configuration, got no file`) : error;
  });
  return publishedModel(where, publishedConfig(where, jsonOf(where, text)), shapes);
}

/** @throws InputError as `readPublishedModel` */
export function publishedModel(where: string, config: PublishedConfig, shapes: ShapesByName): PublishedModel {
  const { type, isTied } = config;
  const sees = config.text !== null && config.vision !== null;
  const places = {
    text: placeOf(shapes, textPlaces, "layers.0.self_attn.q_proj.weight"),
    vision: placeOf(shapes, visionPlaces, "embeddings.patch_embedding.weight"),
    connector: sees ? placeOf(shapes, connectorPlaces, connectorRows[connectorOf(type)].at(-1)![1]) : "",
    head: placeOf(shapes, headPlaces, "weight"),
  };
  const text = config.text && { ...config.text, ...textSizeOf(where, shapes, places, config.text) };
  const vision = config.vision && {
    ...config.vision,
    size: siglipSizeOf(where, shapes, places.vision, config.vision.heads),
  };
  const connector = sees ? connectorOf(type) : null;
  const parts = { type, text, vision, connector, isTied };
  return { where, ...parts, names: namesOf(parts, places) };
}

type Places = Readonly<Record<"text" | "vision" | "connector" | "head", string>>;

/** Where the parts of a model stand: as files of the hub have them, then as versions of transformers wrote them. */
const textPlaces = [
  "model",
  "language_model.model",
  "model.language_model",
  "model.language_model.model",
  "model.text_model",
] as const;
const visionPlaces = [
  "vision_model",
  "vision_tower.vision_model",
  "model.vision_tower.vision_model",
  "model.vision_model",
] as const;
const connectorPlaces = ["multi_modal_projector", "model.multi_modal_projector", "model.connector"] as const;
const headPlaces = ["lm_head", "language_model.lm_head", "model.language_model.lm_head"] as const;

/** The first of some places at which a tensor stands; where it stands nowhere, the first, which errors name. */
function placeOf(shapes: ShapesByName, places: readonly [string, ...string[]], tensor: string): string {
  return places.find((place) => shapes.has(`${place}.${tensor}`)) ?? places[0];
}

/** No published model that is read here has queries between its tower and its text. */
type PublishedConnector = Exclude<ConnectorChoice["kind"], "queries">;

function connectorOf(type: string): PublishedConnector {
  if (type === "gemma3") return "pooled";
  return type === "smolvlm" ? "pixel-shuffle" : "linear";
}

const connectorRows: Readonly<Record<PublishedConnector, readonly NameRow[]>> = {
  linear: linearConnectorRows,
  "pixel-shuffle": shuffledConnectorRows,
  pooled: pooledConnectorRows,
};

function textSizeOf(where: string, shapes: ShapesByName, { text, head }: Places, own: PublishedText) {
  const [table, said] = [`${text}.embed_tokens.weight`, `${head}.weight`];
  const [vocabulary = 0, width = 0] = shapeOf(where, shapes, shapes.has(table) || !shapes.has(said) ? table : said);
  const headWidth = own.headWidth ?? width / own.heads;
  const size = trunkSizeOf(where, shapes, text, headWidth);
  const keyHeads = own.keyHeads ?? own.heads;
  if (size.heads !== own.heads || size.keyHeads !== keyHeads)
    throw new InputError(
      `${where}: expected ${own.heads} heads and ${keyHeads} of keys, ${headWidth} wide, in "${text}.layers.0.self_attn", got rows of ` +
        `${size.heads} and ${size.keyHeads}`,
    );
  return { size, vocabulary };
}

/** Everything that a model's files hold, also what stays behind: a vision model's pooling head, the text that SigLIP was trained with. */
function namesOf(
  { type, text, vision, connector, isTied }: Omit<PublishedModel, "where" | "names">,
  places: Places,
): ForeignNames {
  const [table, said] = [`${places.text}.embed_tokens.weight`, `${places.head}.weight`];
  const trunk = text?.type === "gemma3_text" ? gemma3TrunkRows : trunkRows;
  const ofText: NameRow[] = [
    ["embedding.weight", table, "y e"],
    ...within("backbone", places.text, trunk),
    ["scores.weight", said, "y e"],
  ];
  return {
    project: type,
    rows: [
      ...(text === null ? [] : ofText),
      ...(vision === null ? [] : within("vision.tower", places.vision, siglipRows)),
      ...(connector === null ? [] : within("vision.projector", places.connector, connectorRows[connector])),
    ],
    tied: new Map(
      isTied
        ? [
            [table, said],
            [said, table],
          ]
        : [],
    ),
    unused: new Set([
      `${places.text}.layers.*.self_attn.rotary_emb.inv_freq`,
      `${places.vision}.embeddings.position_ids`,
      ...(type === "siglip" ? ["logit_scale", "logit_bias"] : []),
    ]),
    left: [`${places.vision}.head`, ...(type === "siglip" ? ["text_model"] : [])],
  };
}
