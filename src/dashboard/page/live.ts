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

/** Between the end of a connection that the browser does not make again, as the server refused it, and the next. */
const againMs = 2000;

/** Follows runs. Where the connection ends it is made again, and begins with everything. */
export function useLiveRuns(runs: readonly string[]): LiveRuns {
  const [live, setLive] = useState(nothing);
  const key = JSON.stringify(runs);
  useEffect(() => {
    setLive(({ logs }) => ({
      logs: new Map([...logs].filter(([run]) => runs.includes(run))),
      connection: "connecting",
    }));
    return runs.length === 0 ? undefined : follow(runs, setLive);
  }, [key]);
  return live;
}

/** @returns what stops it */
function follow(runs: readonly string[], change: (next: (before: LiveRuns) => LiveRuns) => void): () => void {
  let timer = 0;
  let source: EventSource;
  const connect = () => {
    source = new EventSource(`/api/live?${new URLSearchParams(runs.map((run) => ["run", run]))}`);
    source.addEventListener("open", () => change((before) => ({ ...before, connection: "live" })));
    source.addEventListener("error", () => {
      change((before) => ({ ...before, connection: "lost" }));
      if (source.readyState === EventSource.CLOSED) timer = window.setTimeout(connect, againMs);
    });
    source.addEventListener("part", (event) => {
      const { run, ...part }: LivePart = JSON.parse(event.data);
      change(({ logs, connection }) => ({ logs: new Map(logs).set(run, joined(logs.get(run), part)), connection }));
    });
  };
  connect();
  return () => {
    clearTimeout(timer);
    source.close();
  };
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
