import type { PolicyJson } from "../../api/policy.ts";
import type { DataJson, DatasetJson } from "../../data/listing.ts";
import { changeQuery } from "../address.ts";
import { brief } from "../chart/number.ts";
import { chosenNumber, DatasetPicker, EpisodePicker } from "../data/dataset-picker.tsx";
import { WhenHere } from "../data/when-here.tsx";
import { useJson } from "../fetched.ts";
import { OneRun, type ShownRun } from "../one-run.tsx";
import { PolicyEpisode } from "../policy/episode.tsx";
import "../data/data.css";
import "../policy/policy.css";

/** What a run's policy would do along an episode, over what was recorded. */
export function PolicyView() {
  return (
    <OneRun title="Policy" forgotten={["data", "episode", "row", "load"]}>
      {({ api, query }) => <RunPolicy key={api} api={api} query={query} />}
    </OneRun>
  );
}

function RunPolicy({ api, query }: ShownRun) {
  const policy = useJson<PolicyJson>(`${api}/policy`, 0);
  const data = useJson<DataJson>(`${api}/data`, 0);
  return (
    <WhenHere found={policy} meanwhile="Looking for a checkpoint">
      {(found) => (
        <>
          <p class="quiet-text facts">
            {found.variant}, {found.size} · {brief(found.parameters)} parameters · step {brief(found.step)} · chunks of{" "}
            {found.actionHorizon} steps · on {found.device}
          </p>
          {found.notes.map((note) => (
            <p key={note} class="problems">
              {note}
            </p>
          ))}
          <WhenHere found={data} meanwhile="Opening the datasets">
            {({ datasets, problem }) =>
              problem === null ? (
                <Loaded api={api} policy={found} datasets={datasets} query={query} />
              ) : (
                <p class="problems" role="alert">
                  Its datasets cannot be read as in training. {problem}
                </p>
              )
            }
          </WhenHere>
        </>
      )}
    </WhenHere>
  );
}

interface LoadedProps extends ShownRun {
  readonly policy: PolicyJson;
  readonly datasets: readonly DatasetJson[];
}

/** A policy up to this size is loaded at once; a larger one when that is asked for. */
const mostParameters = 50e6;

function Loaded({ api, policy, datasets, query }: LoadedProps) {
  const number = chosenNumber(query.get("data"), datasets.length);
  const dataset = datasets[number];
  if (dataset === undefined) return null;
  const episodes = heldOutFirst(dataset.episodes);
  const episode = Number(query.get("episode") ?? episodes[0]?.episode ?? 0);
  const mayLoad = policy.parameters <= mostParameters || query.get("load") === "yes";
  return (
    <>
      <div class="controls">
        <DatasetPicker datasets={datasets} chosen={number} />
        <EpisodePicker episodes={episodes} chosen={episode} />
      </div>
      {mayLoad ? (
        <PolicyEpisode
          key={`${number} ${episode}`}
          api={api}
          number={number}
          dataset={dataset}
          episode={episode}
          query={query}
        />
      ) : (
        <button type="button" class="quiet" onClick={() => changeQuery({ load: "yes" }, "replace")}>
          Load {brief(policy.parameters)} parameters and sample actions
        </button>
      )}
    </>
  );
}

function heldOutFirst(episodes: DatasetJson["episodes"]): DatasetJson["episodes"] {
  const isHeldOut = ({ side }: DatasetJson["episodes"][number]) => side === "held out";
  return [...episodes.filter(isHeldOut), ...episodes.filter((one) => !isHeldOut(one))];
}
