import type { DatasetList } from "../../api/data.ts";
import type { RunList } from "../../api/runs.ts";
import { changeQuery } from "../address.ts";
import type { FetchedJson } from "../fetched.ts";
import { useJson } from "../fetched.ts";
import { chosenRuns } from "../run-picker.tsx";

/** A run or a dataset that a view is of. */
export interface ChosenSource {
  readonly kind: "runs" | "datasets";
  readonly name: string;
  /** Where its addresses begin. */
  readonly api: string;
}

/** What there is to choose from. */
export interface SourceLists {
  readonly runs: FetchedJson<RunList>;
  readonly datasets: FetchedJson<DatasetList>;
}

export function useSourceLists(): SourceLists {
  return { runs: useJson<RunList>("/api/runs", 0), datasets: useJson<DatasetList>("/api/datasets", 0) };
}

/** The one that an address names; else the run that was written to last, else the first dataset; `null` where there is none yet. */
export function chosenSource(query: URLSearchParams, { runs, datasets }: SourceLists): ChosenSource | null {
  const named = query.get("dataset");
  if (named !== null) return sourceOf("datasets", named);
  const [run] = chosenRuns(query, runs);
  if (run !== undefined) return sourceOf("runs", run);
  const [first] = datasets.state === "here" ? datasets.value.datasets : [];
  return first === undefined || runs.state === "loading" ? null : sourceOf("datasets", first.name);
}

function sourceOf(kind: ChosenSource["kind"], name: string): ChosenSource {
  return { kind, name, api: `/api/${kind}/${encodeURIComponent(name)}` };
}

interface PickerProps {
  readonly lists: SourceLists;
  readonly chosen: ChosenSource | null;
  /** What belongs to the one that was chosen before. */
  readonly forgotten: readonly string[];
}

/** Which run or dataset a view is of; kept in the address. */
export function SourcePicker({ lists: { runs, datasets }, chosen, forgotten }: PickerProps) {
  const failed = [runs, datasets].find((list) => list.state === "failed");
  if (failed?.state === "failed") return <p class="problem">{failed.message}</p>;
  const choose = (value: string) => {
    const [kind, name] = [value.slice(0, value.indexOf(" ")), value.slice(value.indexOf(" ") + 1)];
    const none = Object.fromEntries(forgotten.map((key) => [key, null]));
    changeQuery({ ...none, run: kind === "runs" ? name : null, dataset: kind === "datasets" ? name : null }, "push");
  };
  return (
    <label>
      Of
      <select
        value={chosen === null ? "" : `${chosen.kind} ${chosen.name}`}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {chosen === null && <option value="">nothing yet</option>}
        <SourceGroup label="Runs" kind="runs" names={runs.state === "here" ? runs.value.runs : []} />
        <SourceGroup
          label="Datasets"
          kind="datasets"
          names={datasets.state === "here" ? datasets.value.datasets : []}
        />
      </select>
    </label>
  );
}

interface GroupProps {
  readonly label: string;
  readonly kind: ChosenSource["kind"];
  readonly names: readonly { readonly name: string }[];
}

function SourceGroup({ label, kind, names }: GroupProps) {
  if (names.length === 0) return null;
  return (
    <optgroup label={label}>
      {names.map(({ name }) => (
        <option key={name} value={`${kind} ${name}`}>
          {name}
        </option>
      ))}
    </optgroup>
  );
}
