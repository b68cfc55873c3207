import { useMemo } from "preact/hooks";
import type { DatasetJson } from "../../data/listing.ts";
import type { Scale } from "../../data/rows.ts";
import type { CurvesJson, EpisodeSeriesJson } from "../../data/series.ts";
import type { Hover } from "../chart/hover.ts";
import { useHoverStep } from "../chart/hover.ts";
import { brief } from "../chart/number.ts";
import { useJson } from "../fetched.ts";
import { useCursor } from "./cursor.ts";
import { CameraFilm, RowSlider } from "./film.tsx";
import { type StripContent, type StripLine, Strips } from "./strip.tsx";
import { unitText } from "./unit.ts";
import { WhenHere } from "./when-here.tsx";

interface EpisodeProps {
  /** Where the addresses of the dataset begin. */
  readonly api: string;
  readonly dataset: DatasetJson;
  readonly episode: number;
  readonly scale: Scale;
  readonly query: URLSearchParams;
}

/** One episode: its films, its instruction, and its numbers under a common cursor. */
export function EpisodeView({ api, dataset, episode, scale, query }: EpisodeProps) {
  const series = useJson<EpisodeSeriesJson>(`${api}/episodes/${episode}?scale=${scale}`, 0);
  const length = dataset.episodes.find((one) => one.episode === episode)?.length ?? 1;
  const cursor = useCursor(query, length);
  const firstRow = series.state === "here" ? series.value.firstRow : 0;
  return (
    <div class="episode">
      <div class="episode-side">
        <CameraFilm
          key={episode}
          address={`${api}/frame?episode=${episode}`}
          cameras={dataset.cameras}
          absent={dataset.absentCameras}
          cursor={cursor}
          hasPolicy={dataset.canNormalize}
        />
        <RowSlider cursor={cursor} length={length} framesPerSecond={dataset.framesPerSecond} firstRow={firstRow} />
        {series.state === "here" && <Task tasks={series.value.tasks} cursor={cursor} />}
      </div>
      <WhenHere found={series} meanwhile="Reading the episode">
        {(value) => <Curves series={value} cursor={cursor} />}
      </WhenHere>
    </div>
  );
}

/** The instruction at the cursor, and the rows where another begins. */
function Task({ tasks, cursor }: { readonly tasks: EpisodeSeriesJson["tasks"]; readonly cursor: Hover }) {
  const row = useHoverStep(cursor) ?? 0;
  const told = tasks.findLast((task) => task.row <= row);
  return (
    <div class="task">
      <p>
        <span class="quiet-text">Told: </span>
        {told?.text ?? "nothing"}
      </p>
      {tasks.length > 1 && (
        <p class="quiet-text">
          changes at row{" "}
          {tasks.slice(1).map((task) => (
            <button key={task.row} type="button" class="small" onClick={() => cursor.point(task.row)}>
              {task.row}
            </button>
          ))}
        </p>
      )}
    </div>
  );
}

const stripHeight = 40;

function Curves({ series, cursor }: { readonly series: EpisodeSeriesJson; readonly cursor: Hover }) {
  const strips = useMemo(() => stripsOf(series), [series]);
  return (
    <div>
      <p class="key" aria-hidden="true">
        <span class="swatch action-colour" /> action <span class="swatch state-colour" /> state
        <span class="quiet-text">
          {" "}
          {series.scale === "raw" ? "as recorded" : "in unit scale, as training reads them"}
        </span>
      </p>
      <Strips
        label={`Actions and states of episode ${series.episode}`}
        strips={strips}
        length={series.length}
        cursor={cursor}
        height={stripHeight}
      />
    </div>
  );
}

/** A strip for each dof with the state of its name, then one for each other state. */
function stripsOf({ actions, states }: EpisodeSeriesJson): StripContent[] {
  const dofs = actions.entries.map(({ name, unit }, at): StripContent => {
    const state = states.entries.findIndex((entry) => entry.name === name);
    const [own, seen] = [actions.values[at]!, state === -1 ? null : states.values[state]!];
    const lines = [...(seen === null ? [] : [lineOf(seen, "state")]), lineOf(own, "action")];
    return { name, detail: unitText(unit), lines, said: (row) => <Values action={own[row]} state={seen?.[row]} /> };
  });
  const others = states.entries.flatMap(({ name, unit }, at): StripContent[] => {
    if (actions.entries.some((dof) => dof.name === name)) return [];
    const own = states.values[at]!;
    const said = (row: number) => <Values action={undefined} state={own[row]} />;
    return [{ name: named(name, actions), detail: unitText(unit), lines: [lineOf(own, "state")], said }];
  });
  return [...dofs, ...others];
}

/** Names of states are their own where no dof has them. */
function named(name: string, { entries }: CurvesJson): string {
  return entries.some((entry) => entry.name === name) ? `${name} (state)` : name;
}

function lineOf(ys: readonly number[], kind: "action" | "state"): StripLine {
  const look = kind === "action" ? { colour: "--line-0", width: 1.5 } : { colour: "--line-1", width: 1 };
  return { xs: ys.map((_, row) => row), ys, ...look, opacity: 1 };
}

interface ValuesProps {
  readonly action: number | undefined;
  readonly state: number | undefined;
}

function Values({ action, state }: ValuesProps) {
  return (
    <>
      <span class="action-text">{action === undefined ? "" : brief(action)}</span>
      <span class="state-text">{state === undefined ? "" : brief(state)}</span>
    </>
  );
}
