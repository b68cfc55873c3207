import type { Dataset } from "../dataset/dataset.ts";
import { measure, type Rows, type Statistics } from "../dataset/statistics.ts";
import { cachedStatistics } from "../dataset/statistics-cache.ts";
import { toDelta } from "../embodiment/delta.ts";
import { pool } from "../embodiment/head.ts";
import { vectors } from "../embodiment/vector.ts";
import { HostArray } from "../graph/host-array.ts";
import type { Member, OpenMixture } from "../mixture/mixture.ts";
import { Padded } from "../validity/padded.ts";
import type { Rules } from "../validity/rules.ts";
import { Validity } from "../validity/validity.ts";
import type { Reading } from "./example.ts";
import { actionWindow, moments } from "./window.ts";

/** What a normalisation head is made from. */
export interface HeadStatistics {
  readonly action: Statistics;
  readonly state: Statistics;
}

export interface MeasureOptions {
  readonly reading: Pick<Reading, "rate" | "actionFrame">;
  /** Steps of an action window. */
  readonly steps: number;
  /** Where measured statistics are kept. */
  readonly cache: string;
  readonly rules: Rules;
}

/**
 * Statistics of every head of a mixture, over the real cells of the training episodes in use, pooled by frames.
 *
 * Absolute actions are counted once per frame; delta actions once per step of each frame's window that lies in the episode.
 */
export async function measureHeads(
  { mixture, datasets }: OpenMixture,
  options: MeasureOptions,
): Promise<Map<string, HeadStatistics>> {
  const own = await Promise.all(mixture.members.map((member, at) => measureMember(member, datasets[at]!, options)));
  return new Map(
    mixture.heads.map(({ name, members }) => [
      name,
      {
        action: pool(members.map((at) => own[at]!.action)),
        state: pool(members.map((at) => own[at]!.state)),
      },
    ]),
  );
}

async function measureMember(member: Member, dataset: Dataset, options: MeasureOptions): Promise<HeadStatistics> {
  const { embodiment, train } = member;
  const { cache, reading, steps, rules } = options;
  const fingerprint = await dataset.fingerprint();
  const what = { embodiment: embodiment.columns, dofs: embodiment.dofs, episodes: train.episodes, reading, steps };
  const cached = (rows: string, blocks: AsyncIterable<Rows>, width: number) =>
    rules.keeps("statistics")
      ? cachedStatistics(cache, { fingerprint, rows: `${rows} ${JSON.stringify(what)}` }, () => measure(blocks, width))
      : measure(blocks, width);
  return {
    action: await cached("action", actionRows(member, dataset, options), embodiment.dofs.length),
    state: await cached("state", stateRows(member, dataset), embodiment.states.length),
  };
}

async function* stateRows({ train, embodiment }: Member, dataset: Dataset): AsyncGenerator<Rows> {
  for (const episode of train.episodes) yield allReal(vectors(await dataset.table(episode), embodiment.columns.state));
}

async function* actionRows(member: Member, dataset: Dataset, options: MeasureOptions): AsyncGenerator<Rows> {
  const { train, embodiment } = member;
  for (const episode of train.episodes) {
    const table = await dataset.table(episode);
    const rows = vectors(table, embodiment.columns.action);
    if (options.reading.actionFrame === "absolute" && options.rules.keeps("statistics")) yield allReal(rows);
    else yield* windows(member, { rows, states: vectors(table, embodiment.columns.state) }, options);
  }
}

/** The action window of every frame of an episode; steps past its end are not real. */
function* windows(
  { embodiment, framesPerSecond }: Member,
  { rows, states }: { readonly rows: HostArray<"i j", "float64">; readonly states: HostArray<"i j", "float64"> },
  { reading, steps, rules }: MeasureOptions,
): Generator<Rows> {
  const [length = 0] = rows.shape;
  const stride = reading.rate === "native" ? 1 : framesPerSecond / reading.rate;
  const width = states.shape[1] ?? 0;
  for (let frame = 0; frame < length; frame++) {
    const times = moments({ from: frame, stride, count: steps, length });
    yield actionWindow(rows, times, embodiment.dofs).read((values, valid) => {
      const current = states.cells.subarray(frame * width, (frame + 1) * width);
      const { cells, shape } = reading.actionFrame === "delta" ? toDelta(values, current, embodiment.dofs) : values;
      const real = rules.keeps("statistics") ? Validity.of("i", [steps], valid.bits) : Validity.complete("i", [steps]);
      return Padded.of(new HostArray("i j", shape, "float64", cells), real);
    });
  }
}

function allReal(values: HostArray<"i j", "float64">): Rows {
  return Padded.of(values, Validity.complete("i", [values.shape[0] ?? 0]));
}
