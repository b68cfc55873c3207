import type { Batch, Provenance } from "../batch/batch.ts";
import type { SampleKey } from "../flow/noise.ts";
import type { UnrealInput } from "../flow/path.ts";
import type { FlowTimes, TimeEmbedding } from "../flow/time.ts";
import { type Stream, stream } from "../graph/random.ts";
import type { PastEnd } from "../policy/head/form.ts";
import type { Rules } from "../validity/rules.ts";
import type { SupervisionRule } from "../validity/supervised.ts";

/** How noise and time of a flow are drawn. */
export type FlowTarget = FlowTimes & {
  readonly kind: "flow";
  readonly unrealInput: UnrealInput;
  /** How the policy takes times. */
  readonly embedding: TimeEmbedding;
  /** Share of the training samples whose state the policy does not know. */
  readonly stateDropout: number;
  /** Steps at a chunk's beginning that are given to the policy, at most. */
  readonly maxDelay: number;
};

/** What each objective of a policy is drawn by, in their order. */
export type ObjectiveTarget =
  | FlowTarget
  | { readonly kind: "prompt" | "tokens" }
  /** Of action tokens, how many words there are before the first. */
  | { readonly kind: "action tokens"; readonly vocabulary: number }
  /** Of a response, how many tokens stand there whatever it is. */
  | { readonly kind: "response"; readonly given: number };

/** How draws are made and what teaches, for every micro-batch of a run alike. */
export interface TargetOptions {
  readonly seed: number;
  /** Names the random streams: validation's numbers never touch training's. */
  readonly purpose: "training" | "validation";
  readonly supervision: SupervisionRule;
  /** What becomes of steps past an episode's end. */
  readonly pastEnd: PastEnd;
  readonly objectives: readonly ObjectiveTarget[];
  /** Name of a dataset by its index. */
  readonly datasets: readonly string[];
  /** Whether a robot's own dof moves in training. */
  readonly moves: (provenance: { readonly dataset: number; readonly controlMode: number }, dof: number) => boolean;
  readonly rules: Rules;
}

/** What the random numbers of a micro-batch's rows come from. */
export class Draws {
  readonly #made = new Map<string, Stream>();
  readonly #options: Pick<TargetOptions, "seed" | "purpose" | "datasets">;
  readonly #provenance: Provenance;
  readonly #draw: "as drawn" | number;

  constructor({ provenance }: Batch, options: TargetOptions, draw: "as drawn" | number) {
    this.#options = options;
    this.#provenance = provenance;
    this.#draw = draw;
  }

  /** A stream of this purpose for a row's dataset. */
  stream(what: string, row: number): Stream {
    const { seed, purpose, datasets } = this.#options;
    const dataset = datasets[this.#provenance.dataset[row]!] ?? "";
    const key = `${what}/${dataset}`;
    const made = this.#made.get(key) ?? stream(seed, `${purpose} ${what}`, dataset);
    this.#made.set(key, made);
    return made;
  }

  /** What a row's numbers are keyed by. */
  key(row: number): SampleKey {
    const { episode, frame, draw } = this.#provenance;
    return {
      episode: episode[row]!,
      frame: frame[row]!,
      draw: this.#draw === "as drawn" ? draw[row]! : this.#draw,
    };
  }
}
