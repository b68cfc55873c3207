import type { ComponentChildren } from "preact";
import type { RunList } from "../api/runs.ts";
import { useAddress } from "./address.ts";
import { SourcePicker } from "./data/source.tsx";
import { useJson } from "./fetched.ts";
import { chosenRuns } from "./run-picker.tsx";

/** The run that a view shows. */
export interface ShownRun {
  /** Where the addresses of the run begin. */
  readonly api: string;
  readonly query: URLSearchParams;
}

interface OneRunProps {
  readonly title: string;
  /** Keys of the address that mean nothing for another run. */
  readonly forgotten: readonly string[];
  readonly children: (run: ShownRun) => ComponentChildren;
}

/** A view of one run: what chooses it, and below what is shown of it. */
export function OneRun({ title, forgotten, children }: OneRunProps) {
  const { query } = useAddress();
  const runs = useJson<RunList>("/api/runs", 0);
  const [name] = chosenRuns(query, runs);
  const api = name === undefined ? null : `/api/runs/${encodeURIComponent(name)}`;
  const chosen = name === undefined || api === null ? null : ({ kind: "runs", name, api } as const);
  return (
    <div class="content">
      <h1 class="hidden">{title}</h1>
      <div class="controls">
        <SourcePicker
          lists={{ runs, datasets: { state: "here", value: { datasets: [] } } }}
          chosen={chosen}
          forgotten={forgotten}
        />
      </div>
      {api !== null && children({ api, query })}
    </div>
  );
}
