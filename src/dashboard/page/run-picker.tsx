import { useMemo, useRef, useState } from "preact/hooks";
import type { RunLine, RunList } from "../api/runs.ts";
import { changeQuery } from "./address.ts";
import { brief } from "./chart/number.ts";
import { colourName } from "./chart/palette.ts";
import type { FetchedJson } from "./fetched.ts";

/** From so many runs on they can be searched. */
const many = 8;

interface PickerProps {
  readonly list: FetchedJson<RunList>;
  /** Names of the runs that are shown, each with its place in the palette. */
  readonly chosen: readonly string[];
}

/** Which runs a view shows: a box for each, kept in the address. */
export function RunPicker({ list, chosen }: PickerProps) {
  const [search, setSearch] = useState("");
  if (list.state === "loading") return <p class="note">Looking for runs…</p>;
  if (list.state === "failed") return <p class="problem">{list.message}</p>;
  const { runs } = list.value;
  const shown = runs.filter(({ name }) => name.toLowerCase().includes(search.toLowerCase()));
  return (
    <fieldset class="runs">
      <legend>
        Runs{" "}
        <span class="quiet-text">
          {chosen.length} of {runs.length}
        </span>
      </legend>
      {runs.length > many && (
        <input
          type="search"
          placeholder="Search"
          aria-label="Search runs"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      )}
      {runs.length === 0 && <p class="note">No run yet. One that begins appears here.</p>}
      {shown.map((run) => (
        <RunBox key={run.name} run={run} chosen={chosen} />
      ))}
    </fieldset>
  );
}

function RunBox({ run, chosen }: { readonly run: RunLine; readonly chosen: readonly string[] }) {
  const place = chosen.indexOf(run.name);
  const isChosen = place !== -1;
  const toggle = () =>
    changeQuery({ run: isChosen ? chosen.filter((name) => name !== run.name) : [...chosen, run.name] }, "push");
  return (
    <label class="run">
      <input type="checkbox" checked={isChosen} onChange={toggle} />
      <span class="swatch" style={{ background: isChosen ? `var(${colourName(place)})` : "transparent" }} />
      <span class="name">{run.name}</span>
      <span class="quiet-text">
        {run.step === null
          ? "no event yet"
          : `${brief(run.step)}${run.steps === null ? "" : ` of ${brief(run.steps)}`} steps`}
        {run.policy === null ? "" : ` · ${run.policy}`}
      </span>
    </label>
  );
}

/** The runs of an address; where it names none, the one that was written to last. */
export function chosenRuns(query: URLSearchParams, list: FetchedJson<RunList>): readonly string[] {
  const named = query.getAll("run");
  if (named.length > 0 || list.state !== "here") return named;
  const newest = list.value.runs.toSorted((one, other) => (other.changedAt ?? 0) - (one.changedAt ?? 0))[0];
  return newest === undefined ? [] : [newest.name];
}

/** The same, as one array for as long as its names are; a run that is shown as the newest stays, whatever is written meanwhile. */
export function useChosenRuns(query: URLSearchParams, list: FetchedJson<RunList>): readonly string[] {
  const newest = useRef<readonly string[]>([]);
  if (newest.current.length === 0) newest.current = chosenRuns(new URLSearchParams(), list);
  const named = query.getAll("run");
  const names = named.length > 0 ? named : newest.current;
  return useMemo(() => names, [JSON.stringify(names)]);
}
