import { cells as cellsOf } from "../graph/axes.ts";
import { HostArray } from "../graph/host-array.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import { PackedIn } from "./packed-in.ts";
import { groupLength, inCache, type PackedForm, packedLength } from "./packed-layout.ts";

type Values = HostArray<string, "float32">;

/** Packed parameters in the host's memory. */
export class Packed extends PackedIn<Values, Packed> {
  /** Every cell of every parameter. */
  readonly cells: Float32Array;
  readonly #memory: Float32Array;

  private constructor(forms: readonly PackedForm[], memory: Float32Array, begin: number) {
    const arrayAt = ({ axes, shape }: PackedForm, from: number) =>
      new HostArray(axes, shape, "float32", memory.subarray(from, from + cellsOf(shape)));
    super({ forms, begin, grouping: inCache, arrayAt });
    this.cells = memory.subarray(begin, begin + this.length);
    this.#memory = memory;
  }

  static zeros(forms: readonly PackedForm[]): Packed {
    const length = packedLength(forms);
    return new Packed(forms, new Float32Array(length + groupLength(length)), 0);
  }

  static zerosLike(values: ParameterValues): Packed {
    return Packed.zeros([...values].map(([name, { axes, shape }]) => ({ name, axes, shape })));
  }

  static copyOf(values: ParameterValues): Packed {
    const packed = Packed.zerosLike(values);
    for (const [name, { cells }] of packed) cells.set(values.get(name)!.cells);
    return packed;
  }

  clear(name: string): void {
    this.get(name)!.cells.fill(0);
  }

  protected beginningAt(begin: number): Packed {
    return new Packed(this.forms, this.#memory, begin);
  }
}
