import { useEffect, useState } from "preact/hooks";
import type { LivePart } from "../api/live.ts";
import type { RunPart } from "../run-follower.ts";

/** Everything that a run has logged so far. */
export type RunLog = RunPart;

export type StreamState = "connecting" | "live" | "lost";

/** The logs of some runs, as they grow. */
export interface LiveRuns {
  readonly logs: ReadonlyMap<string, RunLog>;
  readonly connection: StreamState;
}

const nothing: LiveRuns = { logs: new Map(), connection: "connecting" };

/** Follows runs. Where the connection ends it is made again, by the browser, and begins with everything. */
export function useLiveRuns(runs: readonly string[]): LiveRuns {
  const [live, setLive] = useState(nothing);
  const key = JSON.stringify(runs);
  useEffect(() => {
    setLive(({ logs }) => ({
      logs: new Map([...logs].filter(([run]) => runs.includes(run))),
      connection: "connecting",
    }));
    if (runs.length === 0) return;
    const source = new EventSource(`/api/live?${new URLSearchParams(runs.map((run) => ["run", run]))}`);
    source.addEventListener("open", () => setLive((before) => ({ ...before, connection: "live" })));
    source.addEventListener("error", () => setLive((before) => ({ ...before, connection: "lost" })));
    source.addEventListener("part", (event) => {
      const { run, ...part }: LivePart = JSON.parse(event.data);
      setLive(({ logs, connection }) => ({ logs: new Map(logs).set(run, joined(logs.get(run), part)), connection }));
    });
    return () => source.close();
  }, [key]);
  return live;
}

function joined(before: RunLog | undefined, part: RunPart): RunLog {
  if (before === undefined || part.isFromStart) return part;
  return {
    steps: {
      step: before.steps.step.concat(part.steps.step),
      loss: before.steps.loss.concat(part.steps.loss),
      gradientNorm: before.steps.gradientNorm.concat(part.steps.gradientNorm),
      learningRate: before.steps.learningRate.concat(part.steps.learningRate),
    },
    validations: before.validations.concat(part.validations),
    audits: before.audits.concat(part.audits),
    rollouts: before.rollouts.concat(part.rollouts),
    times: {
      step: before.times.step.concat(part.times.step),
      at: before.times.at.concat(part.times.at),
      waitedMs: before.times.waitedMs.concat(part.times.waitedMs),
      isStart: before.times.isStart.concat(part.times.isStart),
    },
    problems: before.problems.concat(part.problems),
    isFromStart: true,
    isTorn: part.isTorn,
  };
}
