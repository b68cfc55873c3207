import { useMemo } from "preact/hooks";
import type { RunList } from "../../api/runs.ts";
import type { ComparedRun } from "../../training-lines.ts";
import { useAddress } from "../address.ts";
import type { FetchedJson } from "../fetched.ts";
import { useJson } from "../fetched.ts";
import { type LiveRuns, useLiveRuns } from "../live.ts";
import { chosenRuns, RunPicker } from "../run-picker.tsx";
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
  const names = useStable(chosenRuns(query, list));
  const live = useLiveRuns(names);
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

function comparedRuns(names: readonly string[], { logs }: LiveRuns, list: FetchedJson<RunList>): ComparedRun[] {
  const lines = list.state === "here" ? list.value.runs : [];
  return names.flatMap((name, colour) => {
    const log = logs.get(name);
    const batchSize = lines.find((line) => line.name === name)?.batchSize ?? null;
    return log === undefined ? [] : [{ name, colour, log, batchSize }];
  });
}

/** The same array as long as its names are. */
function useStable(names: readonly string[]): readonly string[] {
  const key = JSON.stringify(names);
  return useMemo(() => names, [key]);
}
