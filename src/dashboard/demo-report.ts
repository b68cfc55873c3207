import { type AuditColumn, type AuditRow, columns as auditColumns } from "../audit/report.ts";
import { type Curve, curveChart } from "./curve.ts";
import {
  blindness,
  type DemoRobot,
  type DemoStory,
  type FilmedRollout,
  type LearningCurves,
  nextCommands,
  type Played,
} from "./demo-story.ts";
import { escaped, type HtmlColumn, htmlDocument, htmlTable } from "./html.ts";
import { slotLegend, slotMap } from "./slot-map.ts";

/** The demo's page: a document that needs nothing beside itself, films included. */
export function demoReport(story: DemoStory): string {
  const { recipe, robots, weights, seconds } = story;
  const steps = recipe.optimizer.steps.toLocaleString("en");
  const body = [
    "<h1>One policy, three robots</h1>",
    paragraph(
      `${steps} steps of ${recipe.batch.size} samples taught ${weights.toLocaleString("en")} numbers what the scripted experts of ` +
        `${listed(robots.map(({ name }) => name))} do. Everything on this page was made in ${minutes(seconds)} on this machine.`,
    ),
    `<p class="quiet">${escaped(blindness.join(" "))}</p>`,
    ...section("Closed loop", successes(story), ...robots.map(films)),
    ...section("Held-out episodes", losses(story.curves)),
    ...section("Padding", paddingOf(story)),
    ...section("Audit", auditOf(story)),
    ...section("Where the time went", phasesOf(story)),
    ...section("Go on", commands(story)),
  ];
  return htmlDocument("Armature: one policy, three robots", body.join("\n"));
}

function section(title: string, ...parts: readonly string[]): string[] {
  return [`<h2>${escaped(title)}</h2>`, ...parts];
}

function paragraph(text: string): string {
  return `<p>${escaped(text)}</p>`;
}

function successes({ robots, starts }: DemoStory): string {
  const numbers = ["dofs", "untrained", "95 % interval", "trained", "95 % interval", "mean steps"];
  const rows = robots.map(({ name, dofs, controlMode, untrained, trained }) => [
    ...[name, controlMode, String(dofs), ...rateOf(untrained), ...rateOf(trained)],
    trained.score.meanSteps.toFixed(1),
  ]);
  return [
    paragraph(
      `Successes over ${starts} starts that no recording began with, before the first step of training and after the last. ` +
        "The policy asks for a chunk of actions, carries half of it out, and looks again.",
    ),
    htmlTable(aligned(["robot", "control mode", ...numbers], numbers), rows),
  ].join("\n");
}

function rateOf({ score }: Played): string[] {
  return [percent(score.successRate), score.interval.map(percent).join(" to ")];
}

/** The same start, before and after. */
function films({ name, summary, untrained, trained }: DemoRobot): string {
  const shown = [
    ...untrained.films.map((film) => video(film, `start ${film.episode}, untrained`)),
    ...trained.films.map((film) => video(film, `start ${film.episode}, trained`)),
  ];
  const title = `<h3>${escaped(name)}: ${escaped(summary)}</h3>`;
  return shown.length === 0 ? "" : `${title}\n<div class="row">${shown.join("\n")}</div>`;
}

function video({ isSuccess, mp4 }: FilmedRollout, caption: string): string {
  const source = `data:video/mp4;base64,${Buffer.from(mp4).toString("base64")}`;
  const end = isSuccess ? "succeeds" : "fails";
  return `<figure><video src="${source}" height="200" autoplay loop muted playsinline controls></video><figcaption>${escaped(`${caption}: ${end}`)}</figcaption></figure>`;
}

function losses({ steps, validations }: LearningCurves): string {
  const groups = validations[0]?.validation.groups ?? [];
  const held = groups.map(
    ({ dataset, controlMode }): Curve => ({
      name: `${dataset} / ${controlMode}`,
      kind: "marked",
      points: validations.flatMap(({ step, validation }) => {
        const own = validation.groups.find((one) => one.dataset === dataset && one.controlMode === controlMode);
        return own === undefined || own.loss === null ? [] : [{ step, value: own.loss }];
      }),
    }),
  );
  const trained: Curve = {
    name: "training batches",
    kind: "pale",
    points: steps.map(({ step, loss }) => ({ step, value: loss })),
  };
  return [
    paragraph("Loss of the flow's velocity by dataset and control mode, on episodes that training never sees."),
    curveChart([...held, trained], "Loss over steps"),
    lossTable(validations),
  ].join("\n");
}

function lossTable(validations: LearningCurves["validations"]): string {
  const [first, last] = [validations[0]?.validation, validations.at(-1)?.validation];
  const rows = (last?.groups ?? []).map(({ dataset, controlMode, samples, loss: after }) => {
    const before = first?.groups.find((one) => one.dataset === dataset && one.controlMode === controlMode);
    return [dataset, controlMode, String(samples), loss(before?.loss ?? null), loss(after)];
  });
  return htmlTable(
    aligned(["dataset", "control mode", "samples", "loss before", "after"], ["samples", "loss before", "after"]),
    rows,
  );
}

function loss(value: number | null): string {
  return value === null ? "no data" : value.toFixed(4);
}

function paddingOf({ slots, recipe }: DemoStory): string {
  const { actionWidth, actionHorizon, stateWidth } = recipe.policy;
  const maps = slots.map(
    (robot) => `<figure><figcaption><b>${escaped(robot.dataset)}</b></figcaption>${slotMap(robot)}</figure>`,
  );
  return [
    paragraph(
      `One batch holds all robots: ${actionWidth} slots for dofs × ${actionHorizon} steps for the action, ${stateWidth} for the state. ` +
        "What a robot does not have, and what lies past the end of its episode, is padding.",
    ),
    `<p class="quiet">${slotLegend()}</p>`,
    `<div class="row">${maps.join("\n")}</div>`,
  ].join("\n");
}

function auditOf({ audit }: DemoStory): string {
  const present = audit.rows.filter((row) => auditColumns.some((column) => row[column] !== "absent"));
  const absent = audit.rows.filter((row) => !present.includes(row)).map(({ padding }) => padding);
  const rows = present.map((row) => [
    row.padding,
    String(row.cells),
    ...auditColumns.map((column) => verdict(row, column)),
  ]);
  const verdictText = audit.clean
    ? "No cell that does not exist changes anything: each was filled with poison, and every loss, gradient, action and metric stayed the same."
    : "Padding leaks: something above depends on cells that do not exist.";
  return [
    paragraph(verdictText),
    htmlTable(aligned(["padding", "cells", ...auditColumns], ["cells"]), rows),
    ...(absent.length === 0 ? [] : [`<p class="quiet">${escaped(`Not in this mixture: ${absent.join(", ")}.`)}</p>`]),
  ].join("\n");
}

function verdict(row: AuditRow, column: AuditColumn): string {
  const cell = row[column];
  return typeof cell === "string" ? cell : `${Number(cell.leak.toPrecision(3))} at ${cell.where}`;
}

function phasesOf({ phases, seconds }: DemoStory): string {
  const rows = [...phases, { name: "in all", seconds }].map((phase) => [phase.name, phase.seconds.toFixed(1)]);
  return htmlTable(aligned(["phase", "seconds"], ["seconds"]), rows);
}

function commands(story: DemoStory): string {
  return `<pre>${nextCommands(story)
    .map(({ line, shows }) => escaped(`${line}\n    # ${shows}`))
    .join("\n")}</pre>`;
}

function aligned(titles: readonly string[], right: readonly string[]): HtmlColumn[] {
  return titles.map((title) => ({ title, align: right.includes(title) ? "right" : "left" }));
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}

function minutes(seconds: number): string {
  const [whole, rest] = [Math.floor(seconds / 60), Math.round(seconds % 60)];
  return whole === 0 ? `${rest} seconds` : `${whole} min ${rest} s`;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
