import type { DataJson, DatasetJson } from "../../data/listing.ts";
import type { Scale } from "../../data/rows.ts";
import { changeQuery, useAddress } from "../address.ts";
import { brief } from "../chart/number.ts";
import { chosenNumber, DatasetPicker, EpisodePicker } from "../data/dataset-picker.tsx";
import { EpisodeView } from "../data/episode.tsx";
import { Numbers } from "../data/numbers.tsx";
import { Inspection } from "../data/problems.tsx";
import { type ChosenSource, chosenSource, SourcePicker, useSourceLists } from "../data/source.tsx";
import { WhenHere } from "../data/when-here.tsx";
import { useJson } from "../fetched.ts";
import "../data/data.css";

/** The datasets of a run, or one dataset: episodes with films and numbers, statistics, problems. */
export function DatasetsView() {
  const { query } = useAddress();
  const lists = useSourceLists();
  const source = chosenSource(query, lists);
  return (
    <div class="content">
      <h1 class="hidden">Data</h1>
      <div class="controls">
        <SourcePicker lists={lists} chosen={source} forgotten={["data", "episode", "row"]} />
      </div>
      {source !== null && <Datasets key={source.api} source={source} query={query} />}
    </div>
  );
}

function Datasets({ source, query }: { readonly source: ChosenSource; readonly query: URLSearchParams }) {
  const data = useJson<DataJson>(`${source.api}/data`, 0);
  return (
    <WhenHere found={data} meanwhile="Opening the datasets and measuring them">
      {({ datasets, problem }) => {
        const number = chosenNumber(query.get("data"), datasets.length);
        const dataset = datasets[number];
        const api = `${source.api}/data/${number}`;
        return (
          <>
            {problem !== null && (
              <p class="problems" role="alert">
                This does not train as it is. {problem}
              </p>
            )}
            {dataset !== undefined && (
              <Dataset key={number} api={api} datasets={datasets} dataset={dataset} query={query} />
            )}
          </>
        );
      }}
    </WhenHere>
  );
}

interface DatasetProps {
  /** Where its addresses begin. */
  readonly api: string;
  readonly datasets: readonly DatasetJson[];
  readonly dataset: DatasetJson;
  readonly query: URLSearchParams;
}

function Dataset({ api, datasets, dataset, query }: DatasetProps) {
  const { episodes, canNormalize, problem } = dataset;
  const episode = Number(query.get("episode") ?? episodes[0]?.episode ?? 0);
  const scale = query.get("scale") === "normalised" && canNormalize ? "normalised" : "raw";
  return (
    <>
      <div class="controls">
        <DatasetPicker datasets={datasets} chosen={datasets.indexOf(dataset)} />
        {episodes.length > 0 && <EpisodePicker episodes={episodes} chosen={episode} />}
        <ScaleSwitch scale={scale} canNormalize={canNormalize} />
      </div>
      <Facts dataset={dataset} />
      {problem !== null && datasets.length > 1 && <p class="problems">{problem}</p>}
      {episodes.length > 0 && (
        <EpisodeView
          key={`${episode} ${scale}`}
          api={api}
          dataset={dataset}
          episode={episode}
          scale={scale}
          query={query}
        />
      )}
      <Inspection api={api} dataset={dataset} />
      {episodes.length > 0 && <Numbers key={scale} api={api} scale={scale} />}
    </>
  );
}

function Facts({ dataset }: { readonly dataset: DatasetJson }) {
  const { robotType, framesPerSecond, episodes, listedEpisodes, rows, trainRows, heldOutRows, dofs, states } = dataset;
  const facts = [
    robotType === "" ? "robot not stated" : robotType,
    `${framesPerSecond} rows a second`,
    `${brief(episodes.length)} of ${brief(listedEpisodes)} episodes`,
    `${brief(rows)} rows (${brief(trainRows)} to train on, ${brief(heldOutRows)} held out)`,
    `${dofs.length} dofs, ${states.length} states`,
  ];
  return <p class="quiet-text facts">{facts.join(" · ")}</p>;
}

interface SwitchProps {
  readonly scale: Scale;
  readonly canNormalize: boolean;
}

function ScaleSwitch({ scale, canNormalize }: SwitchProps) {
  const box = (value: Scale, text: string) => (
    <label>
      <input
        type="radio"
        name="scale"
        checked={scale === value}
        disabled={value === "normalised" && !canNormalize}
        onChange={() => changeQuery({ scale: value === "raw" ? null : value }, "replace")}
      />
      {text}
    </label>
  );
  return (
    <fieldset class="switch">
      <legend class="hidden">Numbers</legend>
      {box("raw", "as recorded")}
      {box("normalised", "normalised")}
    </fieldset>
  );
}
