import type { Batch } from "../batch/batch.ts";
import type { BatchLayout } from "../batch/layout.ts";
import type { AnswerCodec } from "../codec/answer.ts";
import { type Arrays, type DataType, type HostArray, scalar, zeros } from "../graph/host-array.ts";
import { stream } from "../graph/random.ts";
import type { NoiseKey } from "./action-noise.ts";
import { type AnswerManner, answerInputs } from "./tokens.ts";
import type { Setting } from "./traced.ts";

/** What a policy says its actions with, and how. */
export interface Answers {
  readonly codec: AnswerCodec;
  readonly manner: AnswerManner;
}

/** Name under which the slots of each row's dofs go with what a program is fed. */
const ownDofs = "ownDof";

/** Answers of a batch's rows, and the actions that they say. */
export class AnswerRows {
  readonly manner: AnswerManner;
  readonly #codec: AnswerCodec;
  readonly #setting: Setting;

  constructor({ codec, manner }: Answers, setting: Setting) {
    this.manner = manner;
    this.#codec = codec;
    this.#setting = setting;
  }

  /**
   * What an answer begins and ends with, whose dofs it says, and what is left to chance in it.
   *
   * @param keys one per sample
   */
  feedsOf(batch: Batch, keys: readonly NoiseKey[]): readonly (readonly [string, HostArray<string, DataType>])[] {
    return [
      [answerInputs.begin, scalar("int32", this.#codec.begin)],
      [answerInputs.end, scalar("int32", this.#codec.end)],
      [answerInputs.chances, answerChances(this.#setting.layout, keys)],
      [ownDofs, batch.ownDof],
      ...(this.manner.begins === "prompt" ? longerPrompt(batch, this.#codec.begin) : []),
    ];
  }

  /** Answers without what was said behind the end of each, while others went on. */
  endedEach(said: HostArray<"b n", "int32">): HostArray<"b n", "int32"> {
    const [rows = 0, length = 0] = said.shape;
    const out = zeros("b n", said.shape, "int32");
    for (let row = 0; row < rows; row++) {
      const own = said.cells.subarray(row * length, (row + 1) * length);
      const end = own.indexOf(this.#codec.end);
      out.cells.set(end < 0 ? own : own.subarray(0, end + 1), row * length);
    }
    return out;
  }

  /** `[b t d]`: what each row says, in the slots of its robot; no numbers where it says no chunk, or a shorter one. */
  actionsOf(said: HostArray<"b n", "int32">, feeds: Arrays): HostArray<"b t d"> {
    const { rows, steps, actionWidth: width } = this.#setting.layout;
    const out = zeros("b t d", [rows, steps, width], "float32");
    const ownDof = feeds.get(ownDofs);
    if (ownDof === undefined) throw new RangeError("answers: expected the dofs of each row, got none");
    for (let row = 0; row < rows; row++) {
      const slots = [...Array(width).keys()].filter((slot) => Number(ownDof.cells[row * width + slot]) >= 0);
      if (slots.length === 0) continue;
      const length = said.shape[1] ?? 0;
      const chunk = this.#chunkOf(said.cells.subarray(row * length, (row + 1) * length), slots.length);
      for (let step = 0; step < steps; step++)
        for (const slot of slots) {
          const dof = Number(ownDof.cells[row * width + slot]);
          const value = chunk?.cells[step * slots.length + dof];
          out.cells[(row * steps + step) * width + slot] = value ?? Number.NaN;
        }
    }
    return out;
  }

  /** `null` where the answer is no chunk of a robot of so many dofs. */
  #chunkOf(said: Int32Array, dofs: number): HostArray<"t d"> | null {
    try {
      return this.#codec.decode(said, { dofs, horizon: this.#setting.form.head.horizon });
    } catch (error) {
      if (error instanceof RangeError) return null;
      throw error;
    }
  }
}

/**
 * What each token of each sample's answer is drawn with, `[b n]`, between 0 and 1: keyed by the sample and the token's place, so that
 * neither other rows nor more room change it.
 */
function answerChances({ rows, actionTokens }: BatchLayout, keys: readonly NoiseKey[]): HostArray<"b n"> {
  const steps = actionTokens - 1;
  const out = zeros("b n", [rows, steps], "float32");
  for (const [row, { seed, dataset, frame, episode, draw }] of keys.entries())
    stream(seed, "answer token", dataset).fillUniform(
      out.cells.subarray(row * steps, (row + 1) * steps),
      frame,
      episode,
      draw,
    );
  return out;
}

/** The prompt with the token that begins an answer behind its last place: there in every row that is a sample. */
function longerPrompt(
  { prompt, facts }: Batch,
  begin: number,
): readonly (readonly [string, HostArray<string, DataType>])[] {
  const [rows = 0, tokens = 0] = facts.tokenReal.shape;
  const longer = zeros("b n", [rows, tokens + 1], "int32");
  const real = zeros("b n", [rows, tokens + 1], "bool");
  prompt.read(({ cells }) => {
    for (let row = 0; row < rows; row++) {
      longer.cells.set(cells.subarray(row * tokens, (row + 1) * tokens), row * (tokens + 1));
      real.cells.set(facts.tokenReal.bits.subarray(row * tokens, (row + 1) * tokens), row * (tokens + 1));
      longer.cells[row * (tokens + 1) + tokens] = begin;
      real.cells[row * (tokens + 1) + tokens] = facts.rowReal.bits[row]!;
    }
  });
  return [
    ["prompt", longer],
    ["tokenReal", real],
  ];
}
