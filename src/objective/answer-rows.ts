import type { Batch } from "../batch/batch.ts";
import type { AnswerCodec } from "../codec/answer.ts";
import { type Arrays, type DataType, type HostArray, scalar, zeros } from "../graph/host-array.ts";
import { answerInputs } from "./tokens.ts";
import type { Setting } from "./traced.ts";

/** Name under which the slots of each row's dofs go with what a program is fed. */
const ownDofs = "ownDof";

/** Answers of a batch's rows, and the actions that they say. */
export class AnswerRows {
  readonly #codec: AnswerCodec;
  readonly #setting: Setting;

  constructor(codec: AnswerCodec, setting: Setting) {
    this.#codec = codec;
    this.#setting = setting;
  }

  /** What an answer begins and ends with, and whose dofs it says. */
  feedsOf({ ownDof }: Batch): readonly (readonly [string, HostArray<string, DataType>])[] {
    return [
      [answerInputs.begin, scalar("int32", this.#codec.begin)],
      [answerInputs.end, scalar("int32", this.#codec.end)],
      [ownDofs, ownDof],
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
