import { useMemo } from "preact/hooks";
import type { RunList } from "../../api/runs.ts";
import type { ComparedRun } from "../../training-lines.ts";
import { useAddress } from "../address.ts";
import type { FetchedJson } from "../fetched.ts";
import { useJson } from "../fetched.ts";
import { type LiveRuns, useLiveRuns } from "../live.ts";
import { RunPicker, useChosenRuns } from "../run-picker.tsx";
import { TrainingCharts } from "../training/charts.tsx";
import { Controls, useFrame } from "../training/controls.tsx";
import { Problems } from "../training/problems.tsx";
import { Summary } from "../training/summary.tsx";
import { useIsWide } from "../wide.ts";

/** How often the list of runs is asked for: new ones appear, and their steps go on. */
const listMs = 5000;

/** Losses, gradients, pace and rollouts of some runs side by side, as they train. */
export function TrainingView() {
  const { query } = useAddress();
  const list = useJson<RunList>("/api/runs", listMs);
  const names = useChosenRuns(query, list);
  const live = useLiveRuns(useMemo(() => presentRuns(names, list), [names, list]));
  const runs = useMemo(() => comparedRuns(names, live, list), [names, live, list]);
  const { frame, settings } = useFrame(query);
  const isWide = useIsWide();
  return (
    <div class="columns">
      <h1 class="hidden">Training</h1>
      <details class="side" open={isWide}>
        <summary>Runs: {names.length} shown</summary>
        <RunPicker list={list} chosen={names} />
      </details>
      <div class="content">
        <Summary runs={runs} list={list} connection={live.connection} />
        <Problems names={names} live={live} list={list} />
        <Controls frame={frame} settings={settings} />
        <TrainingCharts runs={runs} frame={frame} settings={settings} />
      </div>
    </div>
  );
}

/** Those that the server knows, so that a run that begins later is followed from then on. */
function presentRuns(names: readonly string[], list: FetchedJson<RunList>): readonly string[] {
  if (list.state !== "here") return names;
  return names.filter((name) => list.value.runs.some((run) => run.name === name));
}

function comparedRuns(names: readonly string[], { logs }: LiveRuns, list: FetchedJson<RunList>): ComparedRun[] {
  const lines = list.state === "here" ? list.value.runs : [];
  return names.flatMap((name, colour) => {
    const log = logs.get(name);
    const batchSize = lines.find((line) => line.name === name)?.batchSize ?? null;
    return log === undefined ? [] : [{ name, colour, log, batchSize }];
  });
}
