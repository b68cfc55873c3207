import type { RunLine, RunList } from "../../api/runs.ts";
import { paces, secondsLeft } from "../../run-times.ts";
import type { ComparedRun } from "../../training-lines.ts";
import { brief, clockTime } from "../chart/number.ts";
import { colourName } from "../chart/palette.ts";
import type { FetchedJson } from "../fetched.ts";
import type { StreamState } from "../live.ts";

interface SummaryProps {
  readonly runs: readonly ComparedRun[];
  readonly list: FetchedJson<RunList>;
  readonly connection: StreamState;
}

const columns = ["step", "loss", "held-out", "best", "grad. norm", "samples/s", "data wait", "left", "audit"];

/** Where each run stands, a row for each. */
export function Summary({ runs, list, connection }: SummaryProps) {
  const lines = list.state === "here" ? list.value.runs : [];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys.
    <section class="scroll" aria-label="Where the runs stand" tabIndex={0}>
      <table class="summary">
        <thead>
          <tr>
            <th scope="col" class="left">
              run <Connected connection={connection} />
            </th>
            {columns.map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <Row key={run.name} run={run} line={lines.find(({ name }) => name === run.name)} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Connected({ connection }: { readonly connection: StreamState }) {
  const said = { connecting: "connecting", live: "live", lost: "no connection" }[connection];
  return (
    <span class={`state ${connection}`} role="status">
      {said}
    </span>
  );
}

function Row({ run, line }: { readonly run: ComparedRun; readonly line: RunLine | undefined }) {
  const { steps, validations, times, audits } = run.log;
  const step = steps.step.at(-1) ?? validations.at(-1)?.step ?? null;
  const total = line?.steps ?? null;
  const pace = paces(times).at(-1);
  const left = total === null ? null : secondsLeft(times, total);
  const best = bestOf(run);
  const audited = audits.at(-1);
  const cells = [
    brief(steps.loss.at(-1) ?? null),
    brief(validations.at(-1)?.aggregate.loss ?? null),
    best === null ? "–" : `${brief(best.loss)} at ${brief(best.step)}`,
    brief(steps.gradientNorm.at(-1) ?? null),
    pace === undefined ? "–" : brief(pace.stepsPerSecond * (run.batchSize ?? 1)),
    pace === undefined ? "–" : `${Math.round(100 * pace.waitShare)} %`,
    left === null ? (total !== null && step !== null && step >= total ? "done" : "–") : clockTime(left),
    audited === undefined ? "–" : audited.clean ? "clean" : `leaks: ${audited.leaks.join("; ")}`,
  ];
  return (
    <tr>
      <th scope="row" class="left">
        <span class="swatch" style={{ background: `var(${colourName(run.colour)})` }} />
        {run.name}
      </th>
      <td>
        {brief(step)}
        {total !== null && <span class="quiet-text"> / {brief(total)}</span>}
        {total !== null && <progress value={step ?? 0} max={total} aria-label={`steps of ${run.name}`} />}
      </td>
      {cells.map((cell, at) => (
        <td key={columns[at + 1]}>{cell}</td>
      ))}
    </tr>
  );
}

function bestOf({ log }: ComparedRun): { readonly step: number; readonly loss: number } | null {
  const known = log.validations.flatMap(({ step, aggregate: { loss } }) => (loss === null ? [] : [{ step, loss }]));
  return known.reduce<(typeof known)[number] | null>(
    (best, one) => (best === null || one.loss < best.loss ? one : best),
    null,
  );
}
