import type { Dataset } from "../dataset/dataset.ts";
import { type MeasuredRows, measure, type Statistics } from "../dataset/statistics.ts";
import { cachedStatistics } from "../dataset/statistics-cache.ts";
import { actionConversionsOf, conversionsOf, inUnits } from "../embodiment/unit.ts";
import { actionsFrom, type Trajectory, trajectory } from "../embodiment/window.ts";
import { HostArray } from "../graph/host-array.ts";
import type { Member, OpenMixture } from "../mixture/mixture.ts";
import { Padded } from "../validity/padded.ts";
import type { Rules } from "../validity/rules.ts";
import { Validity } from "../validity/validity.ts";
import type { Reading } from "./example.ts";

/** What a normalisation group is normalised with. */
export interface NormalizationStatistics {
  readonly action: Statistics;
  readonly state: Statistics;
}

export interface MeasureOptions {
  readonly reading: Pick<Reading, "rate" | "actionFrame">;
  /** Steps of an action window. */
  readonly steps: number;
  /** Where measured statistics are kept; those of another filling are not. */
  readonly cache: string;
  readonly rules: Rules;
  /** What is written into the steps past an episode's end, which no statistic may see: the audit writes poison. */
  readonly pastEnd: "nothing" | number;
}

/**
 * Statistics of every normalisation group of a mixture: of the real cells of its members' training episodes in use, all in one pass.
 *
 * Absolute actions are counted once per frame; delta actions once per step of each frame's window that lies in the episode.
 */
export async function measureNormalization(
  { mixture, datasets }: OpenMixture,
  options: MeasureOptions,
): Promise<Map<string, NormalizationStatistics>> {
  const found = new Map<string, NormalizationStatistics>();
  for (const group of mixture.normalizationGroups) {
    const sources = group.members.map((at) => ({ member: mixture.members[at]!, dataset: datasets[at]! }));
    found.set(group.name, await measureGroup(sources, options));
  }
  return found;
}

interface Source {
  readonly member: Member;
  readonly dataset: Dataset;
}

async function measureGroup(sources: readonly Source[], options: MeasureOptions): Promise<NormalizationStatistics> {
  const { rate, actionFrame } = options.reading;
  const { dofs, states } = sources[0]!.member.embodiment;
  const window = actionFrame === "absolute" ? "by frame" : { steps: options.steps, rate };
  return {
    action: await cached({ sources, options, rows: { action: window } }, dofs.length, actionRows(sources, options)),
    state: await cached({ sources, options, rows: "state" }, states.length, stateRows(sources)),
  };
}

interface Wanted {
  readonly sources: readonly Source[];
  readonly options: MeasureOptions;
  /** What the rows are, in words and numbers. */
  readonly rows: unknown;
}

async function cached({ sources, options, rows }: Wanted, width: number, blocks: AsyncIterable<MeasuredRows>) {
  if (!options.rules.keeps("statistics") || options.pastEnd !== "nothing") return measure(blocks, width);
  const fingerprint = (await Promise.all(sources.map(({ dataset }) => dataset.fingerprint()))).join(" ");
  const members = sources.map(({ member: { embodiment, train } }) => ({
    columns: embodiment.columns,
    dofs: embodiment.dofs,
    states: embodiment.states,
    episodes: train.episodes,
  }));
  const key = { fingerprint, rows: JSON.stringify({ rows, members }) };
  return cachedStatistics(options.cache, key, () => measure(blocks, width));
}

async function* trajectories(sources: readonly Source[]): AsyncGenerator<Trajectory> {
  for (const { member, dataset } of sources)
    for (const episode of member.train.episodes)
      yield trajectory(await dataset.table(episode), member.embodiment, member.framesPerSecond);
}

async function* stateRows(sources: readonly Source[]): AsyncGenerator<MeasuredRows> {
  for await (const { states, embodiment } of trajectories(sources))
    yield allReal(inUnits(states, conversionsOf(embodiment.states)));
}

async function* actionRows(sources: readonly Source[], options: MeasureOptions): AsyncGenerator<MeasuredRows> {
  const isByFrame = options.reading.actionFrame === "absolute" && options.rules.keeps("statistics");
  for await (const path of trajectories(sources)) {
    if (isByFrame) yield allReal(inUnits(path.actions, conversionsOf(path.embodiment.dofs)));
    else yield* windows(path, options);
  }
}

/** The action window of every frame of an episode; steps past its end are not real. */
function* windows(path: Trajectory, options: MeasureOptions): Generator<MeasuredRows> {
  const { reading, steps, rules, pastEnd } = options;
  const [length = 0, width = 0] = path.actions.shape;
  const conversions = actionConversionsOf(path.embodiment.dofs, reading.actionFrame);
  const filling = pastEnd === "nothing" ? 0 : pastEnd;
  for (let frame = 0; frame < length; frame++)
    yield actionsFrom(path, frame, { steps, rate: reading.rate, frame: reading.actionFrame, pastEnd: "nothing" }).read(
      ({ shape, cells }, valid) => {
        const values = inUnits(new HostArray("i j", shape, "float64", cells), conversions);
        const filled = values.cells.map((value, at) => (valid.isReal(Math.floor(at / width)) ? value : filling));
        const counted = rules.keeps("statistics")
          ? Validity.of("i", [steps], valid.bits)
          : Validity.complete("i", [steps]);
        return Padded.of(new HostArray("i j", values.shape, "float64", filled), counted);
      },
    );
}

function allReal(values: HostArray<"i j", "float64">): MeasuredRows {
  return Padded.of(values, Validity.complete("i", [values.shape[0] ?? 0]));
}
