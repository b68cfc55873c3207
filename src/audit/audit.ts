import type { OpenMixture } from "../mixture/mixture.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import { variantOf } from "../policy/variant.ts";
import type { Plan } from "../recipe/plan.ts";
import { shapingOf } from "../training/shape-plan.ts";
import type { GlobalBatch } from "./global-batch.ts";
import type { PaddingKind } from "./kind.ts";
import { type Leak, leaksOf, type Outputs } from "./law.ts";
import { differingArrays, type OnTheWay } from "./look.ts";
import { placeOf } from "./place.ts";
import { type AuditBatchRequest, auditRequests, loadGlobalBatches } from "./real-batch.ts";
import { columnOf, type Finding, reportOf } from "./report.ts";
import { GlobalBatchRunner } from "./runner.ts";
import { type ServedSamples, servedFindings, servedSamples } from "./served.ts";
import { batchesByShape, dealtTrial } from "./shaped.ts";
import { type MeasuredTwice, measureTwice } from "./statistics.ts";
import { cellsOfKind, horizonTrials, ranksTrial, statisticsTrial, type Trial, trialsOf } from "./trial.ts";
import type { AuditReport } from "./verdict.ts";

/** How much is looked at. */
export interface AuditScope {
  /** Micro-batches of training samples, and as many of held-out ones. */
  readonly batches: number;
  /** Folder for what has been measured. */
  readonly cache: string;
}

/** The five laws on a recipe's own data: opened once, run for any weights. */
export class Audit {
  readonly #runner = new GlobalBatchRunner();
  readonly #wholes: readonly GlobalBatch[];
  /** The same in shapes that have less room. */
  readonly #byShape: readonly GlobalBatch[];
  /** Of each of `wholes`, what it is compared with beside what is made of it; one for each, or none at all. */
  readonly #dealt: readonly Trial[];
  readonly #statistics: readonly Trial[];
  readonly #served: readonly ServedSamples[];

  private constructor({ wholes, byShape, dealt, statistics, served }: Opened) {
    this.#wholes = wholes;
    this.#byShape = byShape;
    this.#dealt = dealt;
    this.#statistics = statistics;
    this.#served = served;
  }

  /** Draws the batches and looks at the statistics of a plan, whose rules may be broken. */
  static async open(plan: Plan, open: OpenMixture, { batches, cache }: AuditScope): Promise<Audit> {
    const requests = auditRequests(plan, batches);
    const wholes = await loadGlobalBatches(plan, requests);
    const shaping = shapingOf(plan);
    const byShape = shaping === null ? [] : await batchesByShape(plan, shaping, batches);
    const dealt: Trial[] = [];
    for (const [at, request] of requests.entries())
      if (shaping !== null) dealt.push(await dealtTrial(wholes[at]!, request, shaping));
    const twice = await measureTwice(plan, open, cache);
    const statistics = twice.groups.length === 0 ? [] : await statisticsTrials(twice, requests);
    const served: (ServedSamples | null)[] = [];
    for (const [at, { purpose, request }] of requests.entries())
      if (purpose === "validation") served.push(await servedSamples(wholes[at]!, request.draws));
    return new Audit({ wholes, byShape, dealt, statistics, served: served.filter((one) => one !== null) });
  }

  /**
   * What leaks with these weights.
   *
   * @param seen told how many comparisons are done, and of how many
   */
  async run(weights: ParameterValues, seen: (done: number, total: number) => void): Promise<AuditReport> {
    await this.#runner.take(weights);
    const findings: Finding[] = [];
    const places = new Map<string, readonly OnTheWay[]>();
    const groups = [
      ...this.#wholes.flatMap((whole, at) => [
        [...trialsOf(whole), ...this.#dealt.slice(at, at + 1)],
        horizonTrials(whole),
      ]),
      ...this.#byShape.flatMap((whole) => [[...trialsOf(whole)], horizonTrials(whole)]),
      // How sums are added over ranks does not depend on what is added: one global batch shows it.
      ...this.#wholes.slice(0, 1).map((whole) => [ranksTrial(whole)]),
      ...this.#statistics.map((trial) => [trial]),
    ];
    const total = groups.reduce((sum, trials) => sum + trials.length, this.#served.length);
    let done = 0;
    for (const trials of groups) {
      const expected = await this.#runner.run(trials[0]!.base);
      for (const trial of trials) {
        findings.push(...(await this.#findings({ weights, places }, trial, expected)));
        seen(++done, total);
      }
    }
    for (const served of this.#served) {
      const { plan, rows } = this.#wholes[0]!;
      findings.push(...(await servedFindings(plan, await this.#runner.actingSampler(plan, rows), served)));
      seen(++done, total);
    }
    return reportOf(findings, cellsOfKinds([...this.#wholes, ...this.#byShape]));
  }

  async close(): Promise<void> {
    await this.#runner.release();
  }

  /** A trial of several kinds at once that leaks is taken apart. */
  async #findings(about: About, trial: Trial, expected: Outputs): Promise<Finding[]> {
    const leaks = await this.#leaks(trial, expected);
    const { kinds } = trial.variation;
    if (leaks.length === 0) return [];
    if (kinds.length < 2) return this.#placed(about, trial, leaks, kinds[0] ?? null);
    const found: Finding[] = [];
    for (const kind of kinds) {
      const one = trial.apart(kind);
      const own = await this.#leaks(one, one.base === trial.base ? expected : await this.#runner.run(one.base));
      found.push(...(await this.#placed(about, one, own, kind)));
    }
    if (found.length > 0) return found;
    return (await Promise.all(kinds.map((kind) => this.#placed(about, trial, leaks, kind)))).flat();
  }

  #leaks({ variation }: Trial, expected: Outputs): Promise<Leak[]> {
    return leaksOf((input: GlobalBatch) => this.#runner.run(input), expected, variation);
  }

  async #placed({ weights, places }: About, trial: Trial, leaks: readonly Leak[], kind: PaddingKind | null) {
    const { base, variation, entry } = trial;
    if (leaks.length === 0) return [];
    const key = `${variation.name} ${kind}`;
    const differing =
      places.get(key) ?? ("place" in entry ? [] : await differingArrays(weights, base, variation, entry));
    places.set(key, differing);
    return leaks.map(({ output, size }): Finding => {
      const column = columnOf(output);
      const { objectives } = variantOf(base.plan.recipe.policy);
      const where = "place" in entry ? entry.place : placeOf({ column, output }, differing, objectives);
      return { law: variation.law, kind, column, leak: size, where, isServed: false };
    });
  }
}

/** What an audit has drawn and read before it is run. */
interface Opened {
  readonly wholes: readonly GlobalBatch[];
  readonly byShape: readonly GlobalBatch[];
  readonly dealt: readonly Trial[];
  readonly statistics: readonly Trial[];
  readonly served: readonly ServedSamples[];
}

/** What findings are made with: the weights, and the arrays that were found to differ, by variation and kind. */
interface About {
  readonly weights: ParameterValues;
  readonly places: Map<string, readonly OnTheWay[]>;
}

/** Batches whose unit scales differ by what stands past the ends of episodes. */
async function statisticsTrials(
  { plain, poisoned, groups }: MeasuredTwice,
  requests: readonly AuditBatchRequest[],
): Promise<Trial[]> {
  const [wholes, others] = [await loadGlobalBatches(plain, requests), await loadGlobalBatches(poisoned, requests)];
  return wholes.map((base, at) => statisticsTrial(base, others[at]!, groups));
}

function cellsOfKinds(wholes: readonly GlobalBatch[]): Record<PaddingKind, number> {
  const count = (kind: PaddingKind) => cellsOfKind(kind, wholes);
  return {
    "action-dims": count("action-dims"),
    "action-steps": count("action-steps"),
    "state-dims": count("state-dims"),
    history: count("history"),
    views: count("views"),
    "prompt-tokens": count("prompt-tokens"),
    "response-tokens": count("response-tokens"),
    "metadata-tokens": count("metadata-tokens"),
    subgoals: count("subgoals"),
    "action-tokens": count("action-tokens"),
    "robotless-samples": count("robotless-samples"),
    "filler-rows": count("filler-rows"),
  };
}
