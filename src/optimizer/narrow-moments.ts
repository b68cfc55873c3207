import type { HostArray } from "../graph/host-array.ts";
import { stream } from "../graph/random.ts";
import { Bfloat16Cells } from "./bfloat16-cells.ts";
import { Float8Cells } from "./float8-cells.ts";
import type { Moment, MomentForm, NarrowCells, RandomBits } from "./moment-form.ts";
import type { GroupSpan, PackedGroups } from "./packed-in.ts";
import { groupLength, packedGroups } from "./packed-layout.ts";
import { cellsIn, laidOver } from "./packed-share.ts";

/** Which moments are kept in fewer bits, of which groups of a buffer. */
export interface NarrowForm {
  readonly form: Exclude<MomentForm, "float32">;
  readonly moment: Moment;
  /** Of the run: whoever trains with another rounds otherwise. */
  readonly seed: number;
  /** Cells of the whole buffer. */
  readonly length: number;
  /** All of its groups, or a rank's share. */
  readonly span: GroupSpan;
}

/**
 * Moments that are kept in 16 or 8 bits and computed in float32: a group of them is widened before a step reads it, and what the step writes is
 * rounded back.
 *
 * It is rounded at random, to one of the two numbers beside it so that it stays what it is on average. To the nearer one, a mean would stop moving:
 * a step changes the mean of squares by `(1 − β₂)(g² − v)`, and with `β₂ = 0.999` that is at most 0.1 % of `v` where gradients become small, while two numbers of bf16 stand
 * 0.4 to 0.8 % apart. Less than half of that is rounded away, at each step, for good: `v` would stay what it was at its largest, and the parameter all but stop
 * (with 3 bits of significand 6 to 12 % apart, so that `β₂ = 0.95` stalls as well). At random it falls by 0.1 % on average. What is rounded wrongly is forgotten at the rate at which the mean forgets:
 * of `n` steps that it remembers, `1 / (1 − β₂)`, `√n / 2` roundings or fewer remain, of which each is smaller than the distance of two numbers.
 *
 * Random bits are a function of seed, moment, step and the place of the cell in the whole buffer: neither ranks nor a run that goes on change them.
 *
 * @source Gupta et al.: Deep Learning with Limited Numerical Precision (arXiv:1502.02551) § 3 for rounding at random
 */
export class NarrowMoments implements PackedGroups<HostArray<string, "float32">, NarrowMoments> {
  readonly span: GroupSpan;
  /** The first of its cells in the whole buffer, and how many they are. */
  readonly from: number;
  readonly length: number;
  readonly #kept: Kept;
  /** Memory of a group that is open. */
  readonly #group: Float32Array;

  private constructor(kept: Kept, group: Float32Array) {
    const { from, until } = cellsIn(kept.form.length, kept.form.span);
    this.span = kept.form.span;
    this.from = from;
    this.length = until - from;
    this.#kept = kept;
    this.#group = group;
  }

  static zeros(form: NarrowForm): NarrowMoments {
    const { from, until } = cellsIn(form.length, form.span);
    const length = until - from;
    const group = () => new Float32Array(groupLength(length));
    const groups = [group(), group()] as const;
    const cells = form.form === "bf16" ? new Bfloat16Cells(length) : new Float8Cells(length, form.moment);
    return new NarrowMoments({ form, cells, groups }, groups[0]);
  }

  /** Every group in the memory of one: its own values only between `open` and `close`. */
  get groups(): Map<string, HostArray<"i j">>[] {
    const { form } = this.#kept;
    return packedGroups(form.length)
      .slice(this.span.start, this.span.end)
      .map((parts) => laidOver(this.#group, parts));
  }

  get moved(): NarrowMoments {
    const [one, other] = this.#kept.groups;
    return new NarrowMoments(this.#kept, this.#group === one ? other : one);
  }

  open(at: number): void {
    const { from, values } = this.#valuesOf(at);
    this.#kept.cells.widen(values, from);
  }

  close(at: number, step: number): void {
    const { from, values } = this.#valuesOf(at);
    this.#kept.cells.narrow(values, from, this.#randomAt(step));
  }

  /** Writes all values, one after the other. */
  widen(out: Float32Array): void {
    this.#kept.cells.widen(out, 0);
  }

  /** Takes values that were widened from cells of this form. */
  take(values: Float32Array): void {
    this.#kept.cells.narrow(values, 0, null);
  }

  /** The values of a group while it is open, and where it stands among the cells kept here. */
  #valuesOf(at: number): { readonly from: number; readonly values: Float32Array } {
    const each = groupLength(this.#kept.form.length);
    const from = at * each;
    return { from, values: this.#group.subarray(0, Math.min(each, this.length - from)) };
  }

  /** A word of its own for each cell of the whole buffer, at each step. */
  #randomAt(step: number): RandomBits {
    const { seed, moment } = this.#kept.form;
    const key = stream(seed, "rounding of moments", moment).word(0, step, 0, 0);
    const { from } = this;
    return (cell) => mixed((from + cell) ^ key);
  }
}

interface Kept {
  readonly form: NarrowForm;
  readonly cells: NarrowCells;
  /** Memory of one group that a step reads, and of one that it writes: the runtime must not write what it reads. */
  readonly groups: readonly [Float32Array, Float32Array];
}

/**
 * A word of which every bit depends on every bit of another, one to one.
 *
 * @source Wellons: Prospecting for Hash Functions (2018), `lowbias32`
 */
function mixed(word: number): number {
  let bits = word;
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return (bits ^ (bits >>> 16)) >>> 0;
}
