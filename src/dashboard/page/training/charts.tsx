import { useMemo } from "preact/hooks";
import type { Line } from "../../chart/line.ts";
import { stepRange } from "../../chart/plotted.ts";
import {
  aggregateLines,
  type ComparedRun,
  groupLines,
  groupsOf,
  linesByGroup,
  paceLines,
  rolloutLines,
  stepLines,
  termLines,
  termsOfRuns,
} from "../../training-lines.ts";
import { Chart } from "../chart/chart.tsx";
import type { ChartFrame } from "../chart/frame.ts";
import type { TrainingSettings } from "./controls.tsx";

interface ChartsProps {
  readonly runs: readonly ComparedRun[];
  readonly frame: ChartFrame;
  readonly settings: TrainingSettings;
}

interface Drawn {
  readonly title: string;
  readonly subtitle: string;
  readonly lines: readonly Line[];
  /** Shares and rates are seen on a linear axis, whatever the losses are on. */
  readonly isLinear?: true;
}

export function TrainingCharts({ runs, frame, settings: { smoothing } }: ChartsProps) {
  const charts = useMemo(() => chartsOf(runs, smoothing).filter(({ lines }) => lines.length > 0), [runs, smoothing]);
  // All charts have the steps of all, so that what is above each other happened at the same time.
  const framed = useMemo(() => {
    const lines = charts.flatMap((drawn) => drawn.lines);
    return { ...frame, range: frame.range ?? stepRange(lines, frame.scales.isLogX) };
  }, [frame, charts]);
  const linear = useMemo(() => ({ ...framed, scales: { ...framed.scales, isLogY: false } }), [framed]);
  return (
    <div class="charts">
      {charts.map(({ title, subtitle, lines, isLinear }) => (
        <Chart key={title} title={title} subtitle={subtitle} lines={lines} frame={isLinear ? linear : framed} />
      ))}
    </div>
  );
}

function chartsOf(runs: readonly ComparedRun[], smoothing: number): Drawn[] {
  const { speed, wait } = paceLines(runs);
  const eachStep = smoothing > 0 ? "each step, smoothed" : "each step";
  return [
    { title: "Training loss", subtitle: eachStep, lines: stepLines(runs, "loss", smoothing) },
    {
      title: "Held-out loss",
      subtitle: "the whole mixture, 95 % interval",
      lines: aggregateLines(runs).filter(({ xs }) => xs.length > 0),
    },
    ...byGroup(runs),
    ...byTerm(runs),
    { title: "Success in closed loop", subtitle: "by robot, 95 % interval", lines: rolloutLines(runs), isLinear: true },
    { title: "Gradient norm", subtitle: eachStep, lines: stepLines(runs, "gradientNorm", smoothing) },
    { title: "Learning rate", subtitle: "each step", lines: stepLines(runs, "learningRate", 0), isLinear: true },
    { title: "Samples per second", subtitle: "validation included", lines: speed, isLinear: true },
    { title: "Waiting for data", subtitle: "share of the time", lines: wait, isLinear: true },
  ];
}

/** One run: its groups in one chart. Several: a chart for each group, in the colours of the runs. */
function byGroup(runs: readonly ComparedRun[]): Drawn[] {
  const groups = groupsOf(runs);
  const [run] = runs;
  if (run === undefined) return [];
  if (runs.length === 1)
    return [
      { title: "Held-out loss by dataset", subtitle: "and control mode, 95 % interval", lines: linesByGroup(run) },
    ];
  return groups.map((group) => ({
    title: `Held-out loss: ${group}`,
    subtitle: "95 % interval",
    lines: groupLines(runs, group),
  }));
}

/** Where a loss has one term, it is the loss. */
function byTerm(runs: readonly ComparedRun[]): Drawn[] {
  const terms = termsOfRuns(runs);
  if (terms.length < 2) return [];
  return terms.map((term) => ({
    title: `Held-out ${term}`,
    subtitle: "one term of the loss",
    lines: termLines(runs, term),
  }));
}
