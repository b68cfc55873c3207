import type { PlayedStartsJson } from "../../rollouts/played.ts";
import type { RolloutRow } from "../../run-events.ts";
import { brief } from "../chart/number.ts";
import { Rate } from "./rate.tsx";

interface SuccessProps {
  /** While it trained: the last of each robot. */
  readonly logged: readonly RolloutRow[];
  /** Asked for on this page. */
  readonly played: readonly PlayedStartsJson[];
}

interface Row {
  readonly robot: string;
  readonly dataset: string;
  readonly when: string;
  readonly step: number;
  readonly starts: number;
  readonly successRate: number;
  readonly interval: readonly [low: number, high: number];
  readonly meanSteps: number;
}

/** How often each robot succeeds in closed loop. */
export function SuccessTable({ logged, played }: SuccessProps) {
  const rows: Row[] = [
    ...logged.map(({ episodes, ...row }) => ({ ...row, when: "while it trained", starts: episodes })),
    ...played.map(({ score, episodes, seed, ...row }) => ({
      ...{ ...row, ...score },
      when: `here, seed ${seed}`,
      starts: episodes,
    })),
  ];
  if (rows.length === 0) return <p class="note">Nothing rolled out yet.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys.
    <section class="scroll" aria-label="Success by robot" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {["robot", "rolled out", "success, 95 % interval"].map((title) => (
              <th key={title} scope="col" class="left">
                {title}
              </th>
            ))}
            {["starts", "mean steps", "weights of step"].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <SuccessRow key={`${row.robot} ${row.dataset} ${row.when}`} row={row} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function SuccessRow({ row }: { readonly row: Row }) {
  const { robot, dataset, when, step, starts, meanSteps } = row;
  return (
    <tr>
      <th scope="row" class="left">
        {robot} {dataset !== robot && <span class="quiet-text">of {dataset}</span>}
      </th>
      <td class="left">{when}</td>
      <td class="left">
        <Rate rate={row.successRate} interval={row.interval} />
      </td>
      <td>{brief(starts)}</td>
      <td>{brief(meanSteps)}</td>
      <td>{brief(step)}</td>
    </tr>
  );
}
