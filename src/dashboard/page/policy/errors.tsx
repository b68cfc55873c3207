import { useMemo, useState } from "preact/hooks";
import type { Line } from "../../chart/line.ts";
import type { ChunkErrorsJson, DofErrorJson } from "../../policy/chunks.ts";
import { Chart } from "../chart/chart.tsx";
import type { ChartFrame } from "../chart/frame.ts";
import { Hover } from "../chart/hover.ts";
import { brief } from "../chart/number.ts";
import { unitText } from "../data/unit.ts";

/** How far chunks lie from what was recorded: by dof, and by step of the horizon. */
export function ChunkErrors({ errors }: { readonly errors: ChunkErrorsJson }) {
  const { dofs, asked, draws, compared } = errors;
  return (
    <section class="part" aria-labelledby="errors-title">
      <h2 id="errors-title">Errors over the episode</h2>
      <p class="quiet-text">
        {asked.length} rows, evenly spaced, {draws} noises each:{" "}
        {brief(compared.reduce((sum, count) => sum + count, 0))} recorded steps compared; steps past the episode's end
        are not.
      </p>
      <div class="errors">
        <DofTable dofs={dofs} />
        <StepChart dofs={dofs} />
      </div>
    </section>
  );
}

function DofTable({ dofs }: { readonly dofs: readonly DofErrorJson[] }) {
  const most = Math.max(...dofs.map((dof) => relative(dof, dof.error) ?? 0), 1e-9);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys.
    <section class="scroll" aria-label="Errors by dof" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col" class="left">
              dof
            </th>
            <th scope="col">mean error</th>
            <th scope="col">of its scale</th>
            <th scope="col">spread over noises</th>
          </tr>
        </thead>
        <tbody>
          {dofs.map((dof) => {
            const share = relative(dof, dof.error);
            return (
              <tr key={dof.name}>
                <th scope="row" class="left">
                  {dof.name} <span class="quiet-text">{unitText(dof.unit)}</span>
                </th>
                <td>{brief(dof.error)}</td>
                <td>
                  {share === null ? "never changes" : share.toFixed(3)}
                  <progress value={share ?? 0} max={most} aria-label={`error of ${dof.name} of its scale`} />
                </td>
                <td>{brief(dof.spread)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

/** An error as a share of what normalisation divides by; `null` of a dof that never changes. */
function relative({ scale }: DofErrorJson, error: number | null): number | null {
  return error === null || scale === 0 ? null : error / scale;
}

function StepChart({ dofs }: { readonly dofs: readonly DofErrorJson[] }) {
  const frame = useStepFrame();
  const lines = useMemo(() => stepLines(dofs), [dofs]);
  return (
    <Chart
      title="By step of the chunk"
      subtitle="mean error as a share of each dof's scale"
      lines={lines}
      frame={frame}
    />
  );
}

function useStepFrame(): ChartFrame {
  const [hover] = useState(() => new Hover());
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [range, chooseRange] = useState<ChartFrame["range"]>(null);
  const toggle = (name: string) =>
    setHidden(new Set(hidden.has(name) ? [...hidden].filter((one) => one !== name) : [...hidden, name]));
  return { scales: { isLogX: false, isLogY: false }, range, hover, hidden, chooseRange, toggle };
}

/** So many dofs have a line of their own beside the mean of all. */
const ownLines = 7;

function stepLines(dofs: readonly DofErrorJson[]): Line[] {
  const moving = dofs.filter(({ scale }) => scale !== 0);
  const steps = moving[0]?.byStep.map((_, step) => step) ?? [];
  const line = (name: string, colour: number, ys: readonly (number | null)[]): Line => {
    return { name, colour, xs: steps, ys, band: null, isMarked: true, raw: null };
  };
  const each = moving.map((dof) => dof.byStep.map((error) => relative(dof, error)));
  const mean = steps.map((step) => meanOf(each.map((ys) => ys[step] ?? null)));
  const own = moving.length > ownLines ? [] : moving.map((dof, at) => line(dof.name, at + 1, each[at]!));
  return [line("mean of the dofs", 0, mean), ...own];
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
