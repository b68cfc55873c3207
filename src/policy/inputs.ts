import type { BatchLayout } from "../batch/layout.ts";
import { input } from "../graph/array.ts";
import type { Rules } from "../validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import { Validity } from "../validity/validity.ts";
import { type PastEnd, repeatsLastAction } from "./head/form.ts";

/** Each fact about a batch, as padding.md names it. In a filler row none of them holds. */
export interface Facts {
  readonly stepReal: SymbolicValidity<"b t">;
  readonly dofReal: SymbolicValidity<"b d">;
  readonly stateReal: SymbolicValidity<"b s">;
  readonly targetReal: SymbolicValidity<"b">;
  readonly historyReal: SymbolicValidity<"b o">;
  readonly historyKept: SymbolicValidity<"b">;
  readonly viewReal: SymbolicValidity<"b o v">;
  readonly tokenReal: SymbolicValidity<"b n">;
  readonly rowReal: SymbolicValidity<"b">;
}

/** What a robot perceives, as inputs of a program. */
export interface Observation {
  readonly facts: Facts;
  /** 0 to 255. */
  readonly images: SymbolicPadded<"b o v h w c", "uint8", "b o v">;
  /** Slots that may be read, see `readableSlots`. */
  readonly readable: SymbolicValidity<"b o">;
  /** Normalised. */
  readonly state: SymbolicPadded<"b o s">;
  readonly prompt: SymbolicPadded<"b n", "int32">;
  /** Which set of weights the row reads, where a head has one for each embodiment. */
  readonly embodiment: SymbolicPadded<"b", "int32">;
}

/** The program inputs that carry one observation per row; names are those of the batch's fields. */
export function observationInputs(layout: BatchLayout, rules: Rules): Observation {
  const { rows: b, stateWidth: s, views: v, observations: o, tokens: n, pictureSize } = layout;
  const facts = factInputs(layout);
  const readable = readableSlots([b, o], facts);
  const pixels = input("images", "b o v h w c", [b, o, v, pictureSize, pictureSize, 3], "uint8");
  return {
    facts,
    readable,
    images: SymbolicPadded.of(pixels, SymbolicValidity.every("b o v", [b, o, v], [facts.viewReal, readable])),
    state: SymbolicPadded.of(
      input("state", "b o s", [b, o, s], "float32"),
      SymbolicValidity.every(
        "b o s",
        [b, o, s],
        [
          rules.keeps("history-state") ? readable : SymbolicValidity.complete("b o", [b, o]),
          rules.keeps("state-dims") ? facts.stateReal : SymbolicValidity.complete("b s", [b, s]),
        ],
      ),
    ),
    prompt: SymbolicPadded.of(input("prompt", "b n", [b, n], "int32"), facts.tokenReal),
    embodiment: SymbolicPadded.of(input("embodiment", "b", [b], "int32"), facts.rowReal),
  };
}

function factInputs(layout: BatchLayout): Facts {
  const { rows: b, steps: t, actionWidth: d, stateWidth: s, views: v, observations: o, tokens: n } = layout;
  return {
    stepReal: SymbolicValidity.input("stepReal", "b t", [b, t]),
    dofReal: SymbolicValidity.input("dofReal", "b d", [b, d]),
    stateReal: SymbolicValidity.input("stateReal", "b s", [b, s]),
    targetReal: SymbolicValidity.input("targetReal", "b", [b]),
    historyReal: SymbolicValidity.input("historyReal", "b o", [b, o]),
    historyKept: SymbolicValidity.input("historyKept", "b", [b]),
    viewReal: SymbolicValidity.input("viewReal", "b o v", [b, o, v]),
    tokenReal: SymbolicValidity.input("tokenReal", "b n", [b, n]),
    rowReal: SymbolicValidity.input("rowReal", "b", [b]),
  };
}

/**
 * Slots whose observation may be read: now, and history that lies in the episode and was not dropped.
 *
 * The only place where the two facts meet (OpenTau#253, #468: one mask that meant both blanked the current frame).
 *
 * @param shape of `b o`
 */
export function readableSlots(
  shape: readonly [rows: number, slots: number],
  { historyReal, historyKept, rowReal }: Pick<Facts, "historyReal" | "historyKept" | "rowReal">,
): SymbolicValidity<"b o"> {
  const slots = shape[1];
  const isNow = Uint8Array.from({ length: slots }, (_, slot) => (slot === slots - 1 ? 1 : 0));
  const now = SymbolicValidity.fixed(Validity.of("o", [slots], isNow));
  const history = SymbolicValidity.every("b o", shape, [historyReal, historyKept]);
  return SymbolicValidity.every("b o", shape, [SymbolicValidity.some("b o", shape, [history, now]), rowReal]);
}

/** `stepReal × dofReal` of rows that have a target: the action cells that exist, or that a copy of the last action fills. */
export function actionCells(
  { rows: b, steps: t, actionWidth: d }: BatchLayout,
  { stepReal, dofReal, targetReal }: Facts,
  pastEnd: PastEnd,
): SymbolicValidity<"b t d"> {
  const steps = repeatsLastAction(pastEnd) ? SymbolicValidity.complete("b t", [b, t]) : stepReal;
  return SymbolicValidity.every("b t d", [b, t, d], [steps, dofReal, targetReal]);
}
