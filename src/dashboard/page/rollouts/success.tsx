import type { PlayedStartsJson } from "../../rollouts/played.ts";
import type { RolloutRow } from "../../run-events.ts";
import { brief } from "../chart/number.ts";
import { DataTable, titledColumns } from "../data-table.tsx";
import { Rate } from "./rate.tsx";

interface SuccessProps {
  /** While it trained: the last of each robot. */
  readonly logged: readonly RolloutRow[];
  /** Asked for on this page. */
  readonly played: readonly PlayedStartsJson[];
}

const numbers = ["starts", "mean steps", "weights of step"];

/** How often each robot succeeds in closed loop. */
export function SuccessTable({ logged, played }: SuccessProps) {
  const rows = [
    ...logged.map((row) => ({ ...row, when: "while it trained" })),
    ...played.map(({ score, ...row }) => ({ ...row, ...score, when: `here, seed ${row.seed}` })),
  ];
  if (rows.length === 0) return <p class="note">Nothing rolled out yet.</p>;
  return (
    <DataTable
      label="Success by robot"
      columns={titledColumns(["robot", "rolled out", "success, 95 % interval", ...numbers], numbers)}
      rows={rows.map(({ robot, dataset, when, successRate, interval, episodes, meanSteps, step }) => [
        dataset === robot ? robot : `${robot} of ${dataset}`,
        when,
        <Rate key="rate" rate={successRate} interval={interval} />,
        ...[episodes, meanSteps, step].map(brief),
      ])}
    />
  );
}
