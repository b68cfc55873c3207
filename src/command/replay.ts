import { relative, resolve } from "node:path";
import type { DofDifference } from "../serving/recording/action-difference.ts";
import type { ReplayedRecording } from "../serving/recording/replay.ts";
import { define } from "./definition.ts";
import { otherwise, text } from "./parameter.ts";
import { significant } from "./progress.ts";
import { type TableColumn, table } from "./table.ts";
import { watched } from "./watched.ts";

export const replay = define({
  name: "replay",
  summary: "ask again what a server recorded, and compare the actions; exit status 1 where they differ",
  arguments: { dataset: text("folder", 'that "serve --record" wrote, or one of the datasets in it') },
  options: {
    run: otherwise(text("run", "to ask in place of the checkpoint that answered then"), null),
  },
  examples: [
    { line: "replay recordings", shows: "whether the same checkpoint gives the same actions, to the bit" },
    { line: "replay recordings/so101-joint --run runs/next", shows: "how far another run's actions are, dof by dof" },
  ],
  async run({ dataset, run }, terminal) {
    const { recordingsIn, replayRecording } = await import("../serving/recording/replay.ts");
    const found: ReplayedRecording[] = [];
    for (const folder of await recordingsIn(resolve(dataset))) {
      const label = `replay ${relative(process.cwd(), folder)}`;
      found.push(
        await watched({ screen: terminal.err, label, unit: "answer" }, (seen) =>
          replayRecording(folder, run === null ? null : resolve(run), seen),
        ),
      );
    }
    const isEqual = found.every(({ answers, equal }) => answers === equal);
    return { status: isEqual ? 0 : 1, json: { isEqual, recordings: found }, text: found.map(textOf).join("\n\n") };
  },
});

const columns: readonly TableColumn[] = [
  { title: "dof", align: "left" },
  { title: "unit", align: "left" },
  { title: "steps that differ", align: "right" },
  { title: "mean", align: "right" },
  { title: "greatest", align: "right" },
  { title: "mean in std", align: "right" },
  { title: "greatest in std", align: "right" },
];

function textOf({ folder, robot, checkpoint, step, ...found }: ReplayedRecording): string {
  const { sessions, answers, equal, refused, leftOut, isSame, dofs } = found;
  return [
    `${relative(process.cwd(), folder) || folder}: ${robot}`,
    `asked again: ${relative(process.cwd(), checkpoint) || checkpoint}, step ${step}`,
    `${equal} of ${answers} answers of ${sessions} episodes are equal to the bit`,
    ...(refused > 0 ? [`${refused} answers are refused by the limits that the recording was made under`] : []),
    ...(leftOut > 0 ? [`${leftOut} frames are left out: the beginning of their session is not recorded here`] : []),
    ...(equal === answers || isSame ? [] : ["another checkpoint, or pictures that were kept with losses, differ"]),
    ...(equal === answers ? [] : [table(columns, dofs.map(line))]),
  ].join("\n");
}

function line({ name, unit, differing, ...apart }: DofDifference): string[] {
  const { mean, greatest, meanDeviations, greatestDeviations } = apart;
  const deviations = [meanDeviations, greatestDeviations].map((value) => (value === null ? "–" : significant(value)));
  return [name, unit, String(differing), significant(mean), significant(greatest), ...deviations];
}
