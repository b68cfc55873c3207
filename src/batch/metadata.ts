import { type EpisodeMetadata, formatMetadata, type MetadataFormat } from "../codec/metadata-format.ts";
import type { LongPrompt, PromptTokenizer } from "../codec/prompt.ts";
import type { EpisodeTable } from "../dataset/dataset.ts";
import type { Embodiment, NumberSource } from "../embodiment/embodiment.ts";
import { InputError } from "../input-error.ts";

/** Shares of the training samples of which nothing is said, and else of which each single thing is not. */
export interface MetadataDropout {
  readonly all: number;
  readonly each: number;
}

/** How what is known of an episode is told. */
export interface MetadataReading {
  readonly format: MetadataFormat;
  readonly dropout: MetadataDropout;
}

/** Steps of actions per second of a dataset of so many frames, at the rate of a recipe. */
export function stepsPerSecond({ rate }: { readonly rate: number | "native" }, framesPerSecond: number): number {
  return rate === "native" ? framesPerSecond : rate;
}

/**
 * What is known of an episode at a frame.
 *
 * @param fps steps of its actions per second
 */
export function metadataAt(
  { robotType, controlMode, columns: { metadata } }: Embodiment,
  table: EpisodeTable,
  frame: number,
  fps: number,
): EpisodeMetadata {
  if (metadata === undefined) return {};
  const at = (source: NumberSource | undefined) => {
    if (source === undefined) return undefined;
    return typeof source === "string" ? table.vector(source).cells[frame] : table.values.get(source.episode);
  };
  const mistake = at(metadata.mistake);
  const { says } = metadata;
  return {
    speed: at(metadata.speed),
    quality: at(metadata.quality),
    mistake: mistake === undefined ? undefined : mistake !== 0,
    robot: says.includes("robot") ? robotType : undefined,
    fps: says.includes("fps") ? fps : undefined,
    control: says.includes("control") ? controlMode : undefined,
  };
}

/** The order in which training decides what it leaves out. The rate is no opinion of an episode, and always said. */
const droppable = ["speed", "mistake", "quality", "robot", "control"] as const;

/**
 * What is left of metadata in training.
 *
 * @param chance of a place, from 0 to below 1: place 0 decides about all of it, the others about one each
 * @source OpenTau `lerobot_dataset.py` `_emit_optional_keys`
 */
export function withoutDropped(
  metadata: EpisodeMetadata,
  dropout: MetadataDropout,
  chance: (at: number) => number,
): EpisodeMetadata {
  const all = chance(0) < dropout.all;
  const dropped = droppable.filter((_, at) => all || chance(1 + at) < dropout.each);
  return { ...metadata, ...Object.fromEntries(dropped.map((name) => [name, undefined])) };
}

/** How metadata becomes tokens. */
export interface MetadataWriting {
  readonly format: MetadataFormat;
  readonly tokenizer: PromptTokenizer;
  readonly limit: number;
  readonly long: LongPrompt;
  /** Names the sample in the error. */
  readonly where: string;
}

/**
 * The tokens of metadata; none where nothing is known.
 *
 * @throws InputError if there are more than fit and they have to be refused then
 */
export function metadataTokens(metadata: EpisodeMetadata, writing: MetadataWriting): Int32Array {
  const text = formatMetadata(writing.format, metadata);
  const tokens = text === "" ? new Int32Array() : writing.tokenizer.encodeBehind(text);
  if (tokens.length <= writing.limit) return tokens;
  if (writing.long === "refuse")
    throw new InputError(
      `${writing.where}: expected metadata of at most ${writing.limit} tokens, got ${tokens.length}: "${text}"; raise policy.metadataTokens, or cut such metadata with data.longPrompt "cut"`,
    );
  return tokens.slice(0, writing.limit);
}
