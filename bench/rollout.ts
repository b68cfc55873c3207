import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stepsUsed } from "../client/action-queue.ts";
import type { CommandOutcome } from "../src/command/definition.ts";
import { Progress } from "../src/command/progress.ts";
import type { Terminal } from "../src/command/terminal.ts";
import { mostRows, type PolicyRollouts, rollOutFound } from "../src/serving/roll-out.ts";
import { findRobot } from "../src/simulation/robots.ts";
import { answerProcessorMs } from "./answer-time.ts";
import { markdownTable } from "./markdown.ts";
import { type Observed, type UntrainedPolicy, untrainedPolicy } from "./rollout-policy.ts";
import { type Measured, median, ratioTo, takeTurns } from "./turns.ts";

/** Robots side by side, each for one episode. */
const count = 64;
const robot = "arm";

const observed: readonly Observed[] = ["pictures", "state"];

/** Rollouts of the same starts with the same policy, one after another and side by side: how long they take, and the policy of it. */
export async function benchRollout(threads: number, rounds: number, terminal: Terminal): Promise<CommandOutcome> {
  const total = observed.length * 2 * rounds;
  const now = () => performance.now();
  const progress = new Progress({ screen: terminal.err, label: "rollout", unit: "rollout", total, done: 0, now });
  const place = await mkdtemp(join(tmpdir(), "armature-bench-rollout-"));
  try {
    const rows: Row[] = [];
    for (const [at, observation] of observed.entries()) {
      const policy = await untrainedPolicy(
        findRobot(robot),
        { size: "tiny", variant: "pi0", observation },
        threads,
        place,
      );
      rows.push(...(await compare(policy, rounds, (done) => progress.update(2 * rounds * at + done, {}))));
    }
    progress.finish();
    return { status: 0, json: { robot, episodes: count, threads, rounds, rows }, text: rolloutTable(rows) };
  } finally {
    await rm(place, { recursive: true });
  }
}

interface Row {
  readonly observation: Observed;
  readonly sideBySide: number;
  readonly steps: number;
  readonly successes: number;
  /** Medians over rounds. */
  readonly seconds: number;
  readonly policySeconds: number;
  /** Of the policy, for the answer to one robot. */
  readonly answerMs: number;
  /** How many times as long one after another takes: medians of the ratios within rounds. */
  readonly timesFaster: number;
  readonly timesLessPolicy: number;
  /** Processor time of an answer, on one thread. */
  readonly processorMs: number;
}

async function compare(untrained: UntrainedPolicy, rounds: number, done: (rollouts: number) => void): Promise<Row[]> {
  const players = [1, count].map((sideBySide) => new Player(untrained, sideBySide));
  const whole = await takeTurns(players, rounds, done);
  const policies = players.map(({ name, policyMs }): Measured => {
    return { name, timesMs: policyMs, medianMs: median(policyMs) };
  });
  const rows: Row[] = [];
  for (const [at, player] of players.entries()) {
    const [own, policy] = [whole[at]!, policies[at]!];
    const { rollouts, successes, execution, options } = player.last!;
    const answers = rollouts.reduce((sum, { steps }) => sum + Math.ceil(steps / execution.execute), 0);
    rows.push({
      observation: options.observation,
      sideBySide: player.sideBySide,
      successes,
      steps: rollouts.reduce((sum, { steps }) => sum + steps, 0),
      seconds: own.medianMs / 1000,
      policySeconds: policy.medianMs / 1000,
      answerMs: policy.medianMs / answers,
      timesFaster: 1 / ratioTo(whole[0]!, own),
      timesLessPolicy: 1 / ratioTo(policies[0]!, policy),
      processorMs: await answerProcessorMs(untrained, {
        design: findRobot(robot),
        rows: Math.min(player.sideBySide, mostRows),
        steps: stepsUsed(execution),
      }),
    });
  }
  return rows;
}

/** Plays the same episodes each time. */
class Player {
  readonly name: string;
  readonly sideBySide: number;
  readonly policyMs: number[] = [];
  last: PolicyRollouts | null = null;
  readonly #untrained: UntrainedPolicy;

  constructor(untrained: UntrainedPolicy, sideBySide: number) {
    this.name = sideBySide === 1 ? "one after another" : "side by side";
    this.sideBySide = sideBySide;
    this.#untrained = untrained;
  }

  async repeat(): Promise<number> {
    const { policy, weights } = this.#untrained;
    const request = {
      design: findRobot(robot),
      dataset: null,
      episodes: count,
      seed: 0,
      execute: null,
      delay: 0,
      sideBySide: this.sideBySide,
      films: null,
      options: <Options>(fitting: Options) => fitting,
    };
    this.last = await rollOutFound(policy, weights, request, { finished: () => {}, isStopped: () => false });
    this.policyMs.push(1000 * this.last.policySeconds);
    return 1000 * this.last.seconds;
  }

  end(): void {}
}

function rolloutTable(rows: readonly Row[]): string {
  const right = ["steps", "seconds", "times faster", "policy s", "times less", "ms an answer", "processor ms"].map(
    (title) => ({ title, align: "right" }) as const,
  );
  return markdownTable(
    [{ title: `${count} episodes of the ${robot}`, align: "left" }, { title: "robots", align: "left" }, ...right],
    rows.map((row) => [
      ...[row.observation, row.sideBySide === 1 ? "one after another" : "side by side", String(row.steps)],
      ...[row.seconds.toFixed(2), row.timesFaster.toFixed(2), row.policySeconds.toFixed(2)],
      ...[row.timesLessPolicy.toFixed(2), row.answerMs.toFixed(2), row.processorMs.toFixed(2)],
    ]),
  );
}
