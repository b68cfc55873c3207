import { type DemoRobot, type DemoStory, nextCommands, type Played, sightOf } from "../demo-story.ts";
import { auditJson } from "./audit-report.ts";
import type { DemoReportJson, PlayedJson, RobotJson } from "./report-json.ts";

/** What the demo's page shows. */
export function demoReport(story: DemoStory): DemoReportJson {
  const { recipe, robots, weights, seconds, starts, log, batch, audit, phases } = story;
  return {
    kind: "demo",
    weights,
    steps: recipe.optimizer.steps,
    batchSize: recipe.batch.size,
    seconds,
    remarks: sightOf(recipe),
    starts,
    robots: robots.map(robotJson),
    log,
    batch,
    audit: auditJson(audit, null),
    phases,
    commands: nextCommands(story),
  };
}

function robotJson({ name, summary, dofs, controlMode, untrained, trained }: DemoRobot): RobotJson {
  return { name, summary, dofs, controlMode, untrained: playedJson(untrained), trained: playedJson(trained) };
}

function playedJson({ score, films }: Played): PlayedJson {
  return {
    score,
    films: films.map(({ episode, isSuccess, mp4 }) => {
      return { start: episode, isSuccess, mp4: Buffer.from(mp4).toString("base64") };
    }),
  };
}
