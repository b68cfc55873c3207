import type { RunList } from "../../api/runs.ts";
import type { FetchedJson } from "../fetched.ts";
import type { LiveRuns } from "../live.ts";

interface ProblemsProps {
  readonly names: readonly string[];
  readonly live: LiveRuns;
  readonly list: FetchedJson<RunList>;
}

/** What cannot be shown of the runs, and why; the rest is shown. */
export function Problems({ names, live: { logs }, list }: ProblemsProps) {
  const lines = list.state === "here" ? list.value.runs : [];
  const said = names.flatMap((name) => {
    const line = lines.find((one) => one.name === name);
    const log = logs.get(name);
    const missing = list.state === "here" && line === undefined ? ["there is no run of this name"] : [];
    const torn = log?.isTorn ? ["the last line of its events has no end yet: it is being written, or was torn"] : [];
    const own = [...missing, ...(line?.problems ?? []), ...(log?.problems ?? []), ...torn];
    return [...new Set(own)].map((problem) => `${name}: ${problem}`);
  });
  if (said.length === 0) return null;
  return (
    <ul class="problems" aria-label="What cannot be shown">
      {said.map((problem) => (
        <li key={problem}>{problem}</li>
      ))}
    </ul>
  );
}
