import type { Arrays } from "./host-array.ts";
import type { OnnxValue } from "./onnx.ts";

/** A compiled program, whichever runtime computes it. */
export interface RunnableProgram {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /**
   * Computes every output from every input.
   *
   * @param feeds   every input by name
   * @param fetches the arrays that receive the outputs, every one by name
   */
  run(feeds: Arrays, fetches: Arrays): Promise<void>;
  /** Gives the memory back once no run is under way. */
  release(): void;
}
