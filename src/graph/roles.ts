import type { Axis } from "./axes.ts";
import type { Lowering } from "./operation.ts";

/** What the letters of a product do. */
export interface Roles {
  /** In both inputs and in the output. */
  readonly batch: readonly Axis[];
  /** In the left input and in the output. */
  readonly left: readonly Axis[];
  readonly right: readonly Axis[];
  /** In both inputs only. */
  readonly summed: readonly Axis[];
  readonly size: ReadonlyMap<Axis, number>;
}

/** A product to be written: `factor` times the sum of products, with these axes. */
export interface Product {
  readonly lowering: Lowering;
  readonly output: string;
  readonly factor: number;
}
