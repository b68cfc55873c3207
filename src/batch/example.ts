import type { ActionSayer } from "../codec/answer.ts";
import type { LongPrompt, PromptTokenizer } from "../codec/prompt.ts";
import type { PromptFormat } from "../codec/prompt-format.ts";
import { actionWindow, nearestFrame, observationWindow, type Window } from "../dataset/chunk.ts";
import type { Dataset, EpisodeTable, Picture } from "../dataset/dataset.ts";
import { type Augmentation, augment, drawChange } from "../embodiment/augment.ts";
import type { ActionFrame } from "../embodiment/delta.ts";
import { type Embodiment, slots } from "../embodiment/embodiment.ts";
import { type Normalization, normalize } from "../embodiment/normalize.ts";
import { fitBefore, type Letterbox, squared } from "../embodiment/picture.ts";
import { type ActionChoice, actionsFrom, statesAt, trajectory } from "../embodiment/window.ts";
import { stream } from "../graph/random.ts";
import type { Member } from "../mixture/mixture.ts";
import type { Draw } from "../mixture/sampler.ts";
import { onHost } from "../validity/join.ts";
import type { Padded } from "../validity/padded.ts";
import { Validity } from "../validity/validity.ts";
import type { Provenance } from "./batch.ts";
import { readableSlots } from "./fields.ts";
import { keepsHistory, observationSlots } from "./history.ts";
import type { BatchLayout } from "./layout.ts";
import { type MetadataReading, metadataAt, metadataTokens, stepsPerSecond, withoutDropped } from "./metadata.ts";
import { promptTokens, responseTokens } from "./prompt.ts";
import { realSteps } from "./real-step.ts";
import { refuseNoPrompt } from "./sample-check.ts";
import { type SubgoalChoice, subgoalOf } from "./subgoal.ts";

/** One sample at the robot's own width: nothing in it is padding but what its facts say. */
export interface Example {
  /** Names the sample in errors: dataset, episode and frame, or the robot that is served. */
  readonly name: string;
  /** In unit scale and in the robot's own order: the steps that hold a number, also those that only repeat the last action. */
  readonly actions: Padded<"t d", "float32", "t">;
  /** The step lies inside the episode. */
  readonly stepReal: Validity<"t">;
  /** Where the policy keeps each dof. */
  readonly dofSlots: readonly number[];
  /** In unit scale, oldest slot first; real by slot. */
  readonly state: Padded<"o s", "float32", "o">;
  readonly stateSlots: readonly number[];
  /** `[o v]`, row-major, views in the policy's order: squares, `null` where nothing may be read. */
  readonly pictures: readonly (Picture | null)[];
  /** The camera exists. */
  readonly viewReal: Validity<"o v">;
  readonly tokens: Int32Array;
  /** Behind the prompt; empty where there is none, or it was dropped. */
  readonly response: Int32Array;
  /** What is known of the episode; empty where nothing is. */
  readonly metadata: Int32Array;
  /** What is to be reached, by view: squares, `null` where there is none. Empty where there is none at all. */
  readonly subgoals: readonly (Picture | null)[];
  /** What says the actions; empty where a policy says none, and where there is no target. */
  readonly actionTokens: Int32Array;
  readonly targetReal: boolean;
  readonly historyKept: boolean;
  /** Which of the mixture's robots it is of: the index of its normalisation head. A policy may keep weights for each. */
  readonly embodiment: number;
  readonly provenance: { readonly [K in keyof Provenance]: number };
}

/** How samples are read: what a recipe chooses, plain data. */
export interface Reading {
  /** Steps and history slots per second; "native" takes the dataset's own frames. */
  readonly rate: number | "native";
  /** Steps (at that rate) between observation slots. */
  readonly interval: number;
  /** Share of the training samples whose history is dropped. */
  readonly historyDropout: number;
  /** Share of the training samples whose response is dropped; missing where none is. */
  readonly responseDropout?: number;
  readonly actionFrame: ActionFrame;
  /** What stands in action steps past an episode's end. */
  readonly pastEnd: ActionChoice["pastEnd"];
  readonly prompt: PromptFormat;
  /** How what is known of an episode is told; it is not, where this is missing. */
  readonly metadata?: MetadataReading;
  /** Which frames show what is to be reached; none do, where this is missing. */
  readonly subgoals?: SubgoalChoice;
  readonly longPrompt: LongPrompt;
  readonly letterbox: Letterbox;
  /** In training only. */
  readonly augmentation: Augmentation | "none";
}

/** A member of the mixture, opened, with the unit scale of its head. */
export interface Subject {
  readonly dataset: Dataset;
  readonly member: Member;
  readonly action: Normalization;
  readonly state: Normalization;
}

/** How a draw becomes an example. */
export interface ExampleChoice {
  readonly seed: number;
  /** Only training changes pictures and drops history. */
  readonly purpose: "train" | "validation";
  readonly layout: Pick<
    BatchLayout,
    "steps" | "observations" | "tokens" | "responseTokens" | "metadataTokens" | "pictureSize"
  > & {
    /** Views that there is room for: of a robot that has fewer than the policy, those that it lacks are left out. Missing: there is room for all. */
    readonly views?: number;
  };
  readonly reading: Reading;
  readonly tokenizer: PromptTokenizer;
  /** Says actions as tokens; `null` where they are not said. */
  readonly answers: ActionSayer | null;
}

/**
 * The sample that a draw stands for.
 *
 * @throws InputError naming dataset, episode and frame where a prompt is missing or too long, or a file cannot be read
 */
export async function loadExample(subject: Subject, draw: Draw, choice: ExampleChoice): Promise<Example> {
  const { dataset, member } = subject;
  const { embodiment } = member;
  const { steps } = choice.layout;
  const { rate, actionFrame: frame, pastEnd } = choice.reading;
  const table = await dataset.table(draw.episode);
  const name = `dataset "${member.datasetName}" episode ${draw.episode} frame ${draw.frame}`;
  const sample: Sample = { ...choice, subject, draw, table, name };
  const observed = observationTimes(sample);
  const path = trajectory(table, embodiment, member.framesPerSecond);
  const historyKept = keepsHistory({ member, ...choice }, draw);
  const state = normalize(statesAt(path, observed), subject.state);
  const actions = normalize(actionsFrom(path, draw.frame, { steps, rate, frame, pastEnd }), subject.action);
  const inside = stepReal(sample);
  const goals = await subgoals(sample);
  return {
    name,
    actions,
    stepReal: inside,
    dofSlots: slots(embodiment.dofs),
    state,
    stateSlots: slots(embodiment.states),
    pictures: await pictures(sample, observed, historyKept),
    viewReal: viewReal(sample),
    tokens: tokens(sample, state),
    response: response(sample, goals.length > 0),
    metadata: metadata(sample),
    subgoals: goals,
    actionTokens: actionTokens(sample, actions, inside),
    targetReal: embodiment.target === "actions",
    historyKept,
    embodiment: member.normalizationGroup,
    provenance: {
      dataset: member.dataset,
      controlMode: member.controlMode,
      episode: draw.episode,
      frame: draw.frame,
      draw: draw.draw,
    },
  };
}

interface Sample extends ExampleChoice {
  readonly subject: Subject;
  readonly draw: Draw;
  readonly table: EpisodeTable;
  readonly name: string;
}

function observationTimes({ layout, reading, subject, table, draw }: Sample): Window<"o"> {
  const clock = { length: table.length, framesPerSecond: subject.member.framesPerSecond };
  return observationWindow(clock, draw.frame, observationSlots(layout, reading));
}

function stepReal({ layout: { steps }, reading: { rate }, subject, table, draw }: Sample): Validity<"t"> {
  const clock = { length: table.length, framesPerSecond: subject.member.framesPerSecond };
  return actionWindow(clock, draw.frame, { steps, stepsPerSecond: rate }).real;
}

/** A robot's cameras by view; without those that it lacks where there is no room for every view. */
export function camerasIn(views: number, cameras: Embodiment["cameras"]): Embodiment["cameras"] {
  return views < cameras.length ? cameras.filter(({ key }) => key !== null) : cameras;
}

function camerasOf({ layout, subject }: Sample) {
  const { cameras } = subject.member.embodiment;
  return camerasIn(layout.views ?? cameras.length, cameras);
}

function viewReal(sample: Sample): Validity<"o v"> {
  const { layout } = sample;
  const cameras = camerasOf(sample);
  const bits = Array.from({ length: layout.observations }, () => cameras.map(({ key }) => (key === null ? 0 : 1)));
  return Validity.of("o v", [layout.observations, cameras.length], Uint8Array.from(bits.flat()));
}

async function pictures(sample: Sample, observed: Window<"o">, historyKept: boolean): Promise<(Picture | null)[]> {
  const readable = readableOf(observed.real, historyKept);
  const wanted = Array.from(observed.positions, nearestFrame).flatMap((frame, slot) =>
    camerasOf(sample).map((camera) => (readable.isReal(slot) ? { frame, ...camera } : { frame, ...camera, key: null })),
  );
  return Promise.all(
    wanted.map(({ frame, view, key }) => (key === null ? null : picture(sample, frame, { view, key }))),
  );
}

/** `[b o]` of the one row that a sample will be. */
function readableOf(real: Validity<"o">, historyKept: boolean): Validity<"b o"> {
  return readableSlots(onHost, {
    historyReal: Validity.of("b o", [1, ...real.shape], real.bits),
    historyKept: Validity.of("b", [1], Uint8Array.of(historyKept ? 1 : 0)),
    rowReal: Validity.complete("b", [1]),
  });
}

async function picture(sample: Sample, frame: number, { view, key }: { view: string; key: string }): Promise<Picture> {
  const { subject, draw, layout, reading, purpose, seed } = sample;
  const side = layout.pictureSize;
  const seen = await subject.dataset.picture(key, draw.episode, frame, fitBefore(side, reading.letterbox));
  if (purpose === "validation" || reading.augmentation === "none") return squared(seen, side, reading.letterbox);
  const change = drawChange(reading.augmentation, {
    seed,
    dataset: subject.member.datasetName,
    view,
    episode: draw.episode,
    frame: draw.frame,
    draw: draw.draw,
  });
  return squared(augment(seen, change), side, reading.letterbox);
}

/** The instruction of a frame; `null` where the dataset gives none. */
export function promptAt({ columns: { prompt } }: Embodiment, { tasks }: EpisodeTable, frame: number): string | null {
  return prompt.kind === "fixed" ? prompt.text : (tasks[frame] ?? null);
}

function tokens(
  { subject, draw, table, tokenizer, layout, reading, name }: Sample,
  state: Example["state"],
): Int32Array {
  const text = promptAt(subject.member.embodiment, table, draw.frame);
  refuseNoPrompt(name, text);
  const { prompt: format, longPrompt: long } = reading;
  return promptTokens(text, state, { tokenizer, format, limit: layout.tokens, long, where: name });
}

/** The tokens of the sample's response; empty where the policy reads none, the dataset has none, or training drops it. */
function response(sample: Sample, isShown: boolean): Int32Array {
  const { subject, draw, table, tokenizer, layout, reading, name } = sample;
  const column = subject.member.embodiment.columns.response;
  const { responseTokens: limit = 0 } = layout;
  if (limit === 0 || column === undefined || dropsResponse(sample, isShown)) return new Int32Array();
  const text = table.text(column)[draw.frame] ?? null;
  if (text === null) return new Int32Array();
  const { prompt: format, longPrompt: long } = reading;
  return responseTokens(text, { tokenizer, format, limit, long, where: name });
}

/** Drawn by sample and draw, without a look at it; where subgoals are shown, only beside one. @source OpenTau `_emit_optional_keys` */
function dropsResponse({ purpose, reading, seed, subject, draw }: Sample, isShown: boolean): boolean {
  if (purpose === "validation" || (reading.subgoals !== undefined && !isShown)) return false;
  const chance = stream(seed, "response drop-out", subject.member.datasetName);
  return chance.uniform(0, draw.draw, draw.frame, draw.episode) < (reading.responseDropout ?? 0);
}

/** What is known of the episode; in training, now and then less. */
function metadata({ subject, draw, table, tokenizer, layout, reading, name, purpose, seed }: Sample): Int32Array {
  const { metadata: telling, longPrompt: long } = reading;
  if (telling === undefined) return new Int32Array();
  const { embodiment, framesPerSecond, datasetName } = subject.member;
  const all = metadataAt(embodiment, table, draw.frame, stepsPerSecond(reading, framesPerSecond));
  const random = stream(seed, "metadata drop-out", datasetName);
  const chance = (at: number) => random.uniform(at, draw.draw, draw.frame, draw.episode);
  const left = purpose === "validation" ? all : withoutDropped(all, telling.dropout, chance);
  const limit = layout.metadataTokens ?? 0;
  return metadataTokens(left, { format: telling.format, tokenizer, limit, long, where: name });
}

/** The pictures of a later frame, as they were recorded. */
async function subgoals(sample: Sample): Promise<(Picture | null)[]> {
  const { subject, draw, table, layout, reading } = sample;
  const frame = subgoalOf(reading.subgoals, sample, subject.member, { draw, length: table.length });
  if (frame === null) return [];
  const [side, { letterbox }] = [layout.pictureSize, reading];
  return Promise.all(
    camerasOf(sample).map(async ({ key }) => {
      if (key === null) return null;
      const seen = await subject.dataset.picture(key, draw.episode, frame, fitBefore(side, letterbox));
      return squared(seen, side, letterbox);
    }),
  );
}

/**
 * What says the steps inside the episode: others do not exist, whatever stands in them. Empty without a robot target, and where chunks are
 * said whole and this one is not.
 */
function actionTokens({ answers, subject }: Sample, actions: Example["actions"], inside: Validity<"t">): Int32Array {
  if (answers === null || subject.member.embodiment.target === "none") return new Int32Array();
  if (answers.says === "whole chunks" && inside.count < inside.bits.length) return new Int32Array();
  return answers.encode(realSteps(actions, inside));
}
