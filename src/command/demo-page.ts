import { type DemoRobot, type DemoStory, nextCommands, type Played, sightOf } from "../dashboard/demo-story.ts";
import { auditTable } from "./audit-table.ts";
import { clock, significant } from "./progress.ts";
import { type TableColumn, table } from "./table.ts";
import { improvementTable } from "./validation-table.ts";

/** The demo on one page of a terminal. */
export function demoPage(story: DemoStory): string {
  const { recipe, robots, weights, starts, seconds, validations, audit, phases } = story;
  const [first, last] = [validations[0], validations.at(-1)];
  const { steps } = recipe.optimizer;
  return [
    `One policy, ${robots.length} robots: ${grouped(weights)} weights, ${grouped(steps)} steps of ${recipe.batch.size} samples, ${clock(seconds)} in all`,
    recorded(robots),
    "",
    ...(first === undefined || last === undefined ? [] : [improvementTable(first.validation, last.validation), ""]),
    auditTable({ ...audit, rows: audit.rows.filter(({ cells }) => cells > 0) }, null),
    "",
    `successes in closed loop over ${starts} new starts each (95 % interval)`,
    successTable(robots),
    "",
    ...sightOf(recipe),
    `time: ${phases.map((phase) => `${phase.name} ${clock(phase.seconds)}`).join(" · ")}`,
    "",
    ...nextCommands(story).map(({ line, shows }) => `${line}\n    ${shows}`),
  ].join("\n");
}

function recorded(robots: readonly DemoRobot[]): string {
  const frames = robots.map(({ name, frames: own }) => `${name} ${grouped(own)}`);
  return `frames of ${robots[0]?.episodes ?? 0} recorded episodes each: ${frames.join(", ")}`;
}

function successTable(robots: readonly DemoRobot[]): string {
  const column = (align: TableColumn["align"]) => (title: string) => ({ title, align });
  const columns = [
    ...["robot", "control mode"].map(column("left")),
    ...["dofs", "untrained", "trained", "mean steps"].map(column("right")),
  ];
  const rows = robots.map(({ name, controlMode, dofs, untrained, trained }) => [
    ...[name, controlMode, String(dofs), rateOf(untrained), rateOf(trained)],
    significant(trained.score.meanSteps),
  ]);
  return table(columns, rows);
}

function rateOf({ score }: Played): string {
  const [rate, low, high] = [score.successRate, ...score.interval].map((share) => Number((100 * share).toFixed(1)));
  return `${rate} % (${low}–${high})`;
}

function grouped(count: number): string {
  return count.toLocaleString("en");
}
