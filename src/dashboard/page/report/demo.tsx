import { useMemo } from "preact/hooks";
import type { DemoReportJson } from "../../report/report-json.ts";
import type { ComparedRun } from "../../training-lines.ts";
import { useAddress, wholeNumber } from "../address.ts";
import { DataTable, titledColumns } from "../data-table.tsx";
import { BatchSamples, LargeSample, MapKey } from "../padding/samples.tsx";
import { Shares } from "../padding/shares.tsx";
import { TrainingCharts } from "../training/charts.tsx";
import { Controls, useFrame } from "../training/controls.tsx";
import { AuditPart } from "./audit.tsx";
import { ClosedLoop } from "./closed-loop.tsx";

/** What the demo did and found. */
export function DemoReport({ report }: { readonly report: DemoReportJson }) {
  const { steps, batchSize, weights, robots, seconds, remarks, log, batch, audit, phases, commands } = report;
  return (
    <>
      <p>
        {steps.toLocaleString("en")} steps of {batchSize} samples taught {weights.toLocaleString("en")} numbers what the
        scripted experts of {listed(robots.map(({ name }) => name))} do. Everything on this page was made in{" "}
        {minutes(seconds)} on this machine.
      </p>
      <p class="quiet-text">{remarks.join(" ")}</p>
      <ClosedLoop report={report} />
      <HeldOut log={log} />
      <Curves log={log} batchSize={batchSize} />
      <PaddingPart batch={batch} />
      <AuditPart audit={audit} />
      <section class="part" aria-labelledby="time-title">
        <h2 id="time-title">Where the time went</h2>
        <DataTable
          label="Seconds of each phase"
          columns={titledColumns(["phase", "seconds"], ["seconds"])}
          rows={[...phases, { name: "in all", seconds }].map((phase) => [phase.name, phase.seconds.toFixed(1)])}
        />
      </section>
      <section class="part" aria-labelledby="next-title">
        <h2 id="next-title">Go on</h2>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys. */}
        <pre tabIndex={0}>{commands.map(({ line, shows }) => `${line}\n    # ${shows}`).join("\n")}</pre>
      </section>
    </>
  );
}

/** Losses on held-out episodes before training and after. */
function HeldOut({ log: { validations } }: Pick<DemoReportJson, "log">) {
  const [first, last] = [validations[0], validations.at(-1)];
  const rows = (last?.groups ?? []).map(({ dataset, controlMode, samples, loss }) => {
    const before = first?.groups.find((one) => one.dataset === dataset && one.controlMode === controlMode);
    return [dataset, controlMode, String(samples), lossText(before?.loss ?? null), lossText(loss)];
  });
  const numbers = ["samples", "loss before", "after"];
  return (
    <section class="part" aria-labelledby="held-out-title">
      <h2 id="held-out-title">Held-out episodes</h2>
      <p>Loss by dataset and control mode, on episodes that training never sees.</p>
      <DataTable
        label="Held-out losses before training and after"
        columns={titledColumns(["dataset", "control mode", ...numbers], numbers)}
        rows={rows}
      />
    </section>
  );
}

function lossText(loss: number | null): string {
  return loss === null ? "no data" : loss.toFixed(4);
}

/** The curves of the run, as the dashboard draws them. */
function Curves({ log, batchSize }: Pick<DemoReportJson, "log" | "batchSize">) {
  const { query } = useAddress();
  const { frame, settings } = useFrame(query);
  const runs = useMemo((): ComparedRun[] => [{ name: "mixture", colour: 0, log, batchSize }], [log, batchSize]);
  return (
    <section class="part" aria-labelledby="training-title">
      <h2 id="training-title">Training</h2>
      <Controls frame={frame} settings={settings} />
      <TrainingCharts runs={runs} frame={frame} settings={settings} />
    </section>
  );
}

/** What is real of the first batch: a sample of each robot large, all of them small. */
function PaddingPart({ batch }: Pick<DemoReportJson, "batch">) {
  const chosen = wholeNumber(useAddress().query.get("sample"));
  const { fields, members, samples } = batch;
  const shapes = fields.map(({ name, axes }) => `${name} ${axes.map(({ size }) => size).join(" × ")}`);
  const firsts = members
    .map((_, member) => samples.findIndex((sample) => sample.member === member))
    .filter((at) => at >= 0);
  return (
    <section class="part" aria-labelledby="padding-title">
      <h2 id="padding-title">Padding</h2>
      <p>
        One batch holds all robots, each sample in the same shape: {shapes.join(", ")}. What a robot does not have, and
        what lies past the end of its episode, is padding.
      </p>
      <Shares batch={batch} />
      <MapKey />
      <div class="large-samples">
        {firsts.map((at) => (
          <LargeSample key={at} batch={batch} sample={samples[at]!} at={at} data={null} />
        ))}
      </div>
      <details open={chosen !== null}>
        <summary>All {samples.length} samples of the batch</summary>
        <BatchSamples batch={batch} chosen={chosen} data={null} />
      </details>
    </section>
  );
}

function minutes(seconds: number): string {
  const [whole, rest] = [Math.floor(seconds / 60), Math.round(seconds % 60)];
  return whole === 0 ? `${rest} seconds` : `${whole} min ${rest} s`;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
