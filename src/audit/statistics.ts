import { measureNormalization, type NormalizationStatistics } from "../batch/measure.ts";
import type { Frames } from "../mixture/frames.ts";
import type { OpenMixture } from "../mixture/mixture.ts";
import { measuringOf, type Plan } from "../recipe/plan.ts";

/** A plan twice: with its statistics as they are, and as they would be if other numbers stood past the ends of episodes. */
export interface MeasuredTwice {
  readonly plain: Plan;
  readonly poisoned: Plan;
  /** Normalisation groups whose statistics differ. */
  readonly groups: readonly string[];
}

/** Episodes of each member that are measured: a poison shows in any of them. */
const measuredEpisodes = 16;

/** What is written past the ends of episodes; any finite number would do. */
const pastEnd = 1e3;

/** Measures the statistics of some episodes twice, with poison past their ends the second time. */
export async function measureTwice(plan: Plan, open: OpenMixture, cache: string): Promise<MeasuredTwice> {
  const some = { ...open, mixture: { ...open.mixture, members: open.mixture.members.map(withFewEpisodes) } };
  const options = { ...measuringOf(plan.recipe), cache, rules: plan.rules };
  const plain = await measureNormalization(some, { ...options, pastEnd: "nothing" });
  const poisoned = await measureNormalization(some, { ...options, pastEnd });
  const groups = [...plain].filter(([name, own]) => textOf(own) !== textOf(poisoned.get(name)!)).map(([name]) => name);
  return { plain: { ...plan, statistics: plain }, poisoned: { ...plan, statistics: poisoned }, groups };
}

function withFewEpisodes<M extends { readonly train: Frames }>(member: M): M {
  const episodes = member.train.episodes.slice(0, measuredEpisodes);
  return { ...member, train: { episodes, starts: member.train.starts.slice(0, episodes.length + 1) } };
}

/** Statistics to compare: shortest texts of equal numbers are equal, and only theirs. */
function textOf(statistics: NormalizationStatistics): string {
  return JSON.stringify(statistics, (_, value) => (value instanceof Float64Array ? [...value] : value));
}
