import type { Batch } from "../../../src/batch/batch.ts";
import { zeros } from "../../../src/graph/host-array.ts";
import { Program } from "../../../src/graph/program.ts";
import { actionNoise } from "../../../src/objective/action-noise.ts";
import { flowInputs } from "../../../src/objective/flow.ts";
import { traceActions } from "../../../src/objective/objective.ts";
import { observationFeeds } from "../../../src/objective/observation-feeds.ts";
import { onlyInputs } from "../../../src/objective/only-inputs.ts";
import { asAsked } from "../../../src/training/action-errors.ts";
import { Mean } from "../../../src/validity/mean.ts";
import { heldOut } from "./design.ts";
import { type ByRobot, heldOutBatches, type Measured, noiseKeys } from "./held-out.ts";
import { samplingSetting } from "./opened.ts";

/** Slots that a robot does not have: real for another robot of the mixture, or for none. */
export const unrealKinds = ["others", "none"] as const;

export type UnrealKind = (typeof unrealKinds)[number];

/**
 * How far sampled actions move where the noise of real dims is held and only that of unreal dims is drawn anew: mean |Δa| over
 * real dims, in standard deviations, by kind of unreal slot and robot; `null` where a robot has no such slot.
 */
export async function redrawnActions({ opened, weights, sampling }: Measured): Promise<Record<UnrealKind, ByRobot>> {
  const { recipe } = opened.plan;
  const rows = heldOut.redrawnFrames * opened.plan.mixture.members.length;
  const setting = samplingSetting(opened, sampling, rows);
  const { parameters, actions } = traceActions(setting);
  const fixed = new Map(parameters.map(({ name }) => [name, weights.get(name)!]));
  const program = await Program.compile({ actions }, { device: recipe.device, threads: recipe.threads, fixed });
  try {
    const [batch] = await heldOutBatches(opened, heldOut.redrawnFrames, rows);
    const sample = async (noise: ReturnType<typeof actionNoise>) => {
      const out = zeros("b t d", noise.shape, "float32");
      const feeds = new Map([...observationFeeds(asAsked(batch!)), [flowInputs.noise, noise] as const]);
      await program.run(onlyInputs(program, feeds), new Map([["actions", out]]));
      return out.cells;
    };
    const noise = (draw: number) => actionNoise(batch!, noiseKeys(opened, batch!, draw), "noise");
    const kinds = kindsOf(batch!);
    const held = await sample(noise(0));
    const found = { others: new Map<string, Mean>(), none: new Map<string, Mean>() };
    for (const kind of unrealKinds)
      for (let draw = 1; draw <= heldOut.redraws; draw++) {
        const anew = noise(draw).cells;
        const mixed = noise(0);
        for (let at = 0; at < mixed.cells.length; at++) if (kinds[at] === kind) mixed.cells[at] = anew[at]!;
        addMoves(found[kind], { held, moved: await sample(mixed), kinds, kind }, noiseKeys(opened, batch!, 0));
      }
    return { others: valuesOf(found.others), none: valuesOf(found.none) };
  } finally {
    program.release();
  }
}

/** Of each cell `[b t d]`: the kind of unreal slot, or "real". */
export function kindsOf({ facts, ownDof }: Pick<Batch, "facts" | "ownDof">): (UnrealKind | "real")[] {
  const [rows = 0, steps = 0] = facts.stepReal.shape;
  const width = ownDof.shape[1] ?? 0;
  const isReal = (row: number, slot: number) => ownDof.cells[row * width + slot]! >= 0;
  const isOthers = Array.from({ length: width }, (_, slot) =>
    Array.from({ length: rows }, (__, row) => row).some((row) => isReal(row, slot)),
  );
  return Array.from({ length: rows * steps * width }, (_, at) => {
    const slot = at % width;
    if (isReal(Math.floor(at / (steps * width)), slot)) return "real";
    return isOthers[slot] === true ? "others" : "none";
  });
}

interface Moves {
  readonly held: Float32Array;
  readonly moved: Float32Array;
  readonly kinds: readonly (UnrealKind | "real")[];
  readonly kind: UnrealKind;
}

/** Rows without a slot of the kind add nothing. */
function addMoves(found: Map<string, Mean>, moves: Moves, keys: readonly { readonly dataset: string }[]): void {
  const { held, moved, kinds, kind } = moves;
  const share = held.length / keys.length;
  for (const [row, { dataset }] of keys.entries()) {
    let [sum, count, has] = [0, 0, false];
    for (let at = row * share; at < (row + 1) * share; at++) {
      if (kinds[at] === kind) has = true;
      if (kinds[at] !== "real") continue;
      sum += Math.abs(moved[at]! - held[at]!);
      count++;
    }
    found.set(dataset, (found.get(dataset) ?? Mean.empty).plus(has ? new Mean(sum, count) : Mean.empty));
  }
}

function valuesOf(found: ReadonlyMap<string, Mean>): ByRobot {
  return Object.fromEntries([...found].map(([name, mean]) => [name, mean.value]));
}
