import { Progress } from "../src/command/progress.ts";
import { table } from "../src/command/table.ts";
import type { Screen } from "../src/command/terminal.ts";
import { aloneWorld } from "../src/ranks/open-world.ts";
import type { Recipe } from "../src/recipe/schema.ts";
import { compilePolicy, plannedPolicy } from "../src/serving/load.ts";
import type { LoadedPolicy } from "../src/serving/policy.ts";
import type { ServedRobot } from "../src/serving/robot.ts";
import { newState } from "../src/training/begin.ts";
import { Run } from "../src/training/run.ts";
import { type Contestant, ratioTo, takeTurns } from "./turns.ts";

/** What a robot's answers cost in the policy's one shape, and with room for its own cameras alone. */
export interface AnswerRow {
  readonly mixture: string;
  readonly robot: string;
  readonly cameras: number;
  readonly oneMs: number;
  readonly ownMs: number;
  /** Median over rounds. */
  readonly ratio: number;
}

const answers = 4;

/** Answers for each robot of a mixture alone, with the weights that training begins with, by processor time. */
export async function shapedAnswers(
  mixture: Recipe,
  { rounds, cache }: { readonly rounds: number; readonly cache: string },
  screen: Screen,
): Promise<AnswerRow[]> {
  const recipe = { ...mixture, batch: { ...mixture.batch, shapes: "fit" } } as const;
  const run = await Run.open(recipe, cache, await aloneWorld());
  const { parameters } = newState(recipe, run.parameters);
  const found = plannedPolicy(run.plan, 0);
  const whole = { ...found, recipe: { ...recipe, batch: { ...mixture.batch, shapes: "one" } } } as const;
  const rows: AnswerRow[] = [];
  try {
    for (const robot of found.robots) {
      const choice = { rows: 1, steps: recipe.policy.actionHorizon, machine: found.machine, robots: [robot] };
      const policies = [await compilePolicy(whole, parameters, choice), await compilePolicy(found, parameters, choice)];
      const contestants = policies.map((policy, at) => answering(["one shape", "its own"][at]!, policy, robot));
      const [unit, now] = ["turn", () => performance.now()] as const;
      const progress = new Progress({ screen, label: robot.dataset, unit, total: 2 * rounds, done: 0, now });
      const [one, own] = await takeTurns(contestants, rounds, (done) => progress.update(done, {}));
      progress.finish();
      for (const policy of policies) policy.release();
      const cameras = robot.embodiment.cameras.filter(({ key }) => key !== null).length;
      rows.push({
        mixture: mixture.name,
        robot: robot.dataset,
        cameras,
        oneMs: one!.medianMs,
        ownMs: own!.medianMs,
        ratio: ratioTo(one!, own!),
      });
    }
  } finally {
    await run.close();
  }
  return rows;
}

function answering(name: string, policy: LoadedPolicy, robot: ServedRobot): Contestant {
  const session = policy.session(robot, { seed: 0 });
  const { states, cameras } = robot.embodiment;
  const views = cameras.filter(({ key }) => key !== null).map(({ view }) => [view, null] as const);
  session.see({ state: states.map(() => 0), pictures: Object.fromEntries(views) });
  const request = session.ask(new Int32Array([1, 2, 3]));
  const repeat = async () => {
    const before = process.cpuUsage();
    for (let answer = 0; answer < answers; answer++) await policy.act([request]);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / answers;
  };
  return { name, repeat, end: () => {} };
}

export function answersTable(rows: readonly AnswerRow[]): string {
  const right = ["cameras", "in one shape, processor ms", "with its own cameras", "ratio"].map(
    (title) => ({ title, align: "right" }) as const,
  );
  return table(
    [{ title: "an answer for", align: "left" }, ...right],
    rows.map(({ robot, cameras, oneMs, ownMs, ratio }) => [
      robot,
      `${cameras}`,
      oneMs.toFixed(1),
      ownMs.toFixed(1),
      ratio.toFixed(2),
    ]),
  );
}
