import type { DatasetJson } from "../../data/listing.ts";
import { changeQuery } from "../address.ts";
import { brief } from "../chart/number.ts";

/** A whole number of an address, where it is one of so many. */
export function chosenNumber(text: string | null, count: number): number {
  const asked = Number(text ?? 0);
  return Number.isInteger(asked) && asked >= 0 && asked < count ? asked : 0;
}

interface DatasetProps {
  readonly datasets: readonly DatasetJson[];
  readonly chosen: number;
}

export function DatasetPicker({ datasets, chosen }: DatasetProps) {
  const choose = (value: string) => changeQuery({ data: value, episode: null, row: null }, "push");
  return (
    <label>
      Dataset
      <select value={String(chosen)} onChange={(event) => choose(event.currentTarget.value)}>
        {datasets.map(({ name, controlMode }, at) => (
          <option key={`${name} ${controlMode}`} value={String(at)}>
            {name} · {controlMode}
          </option>
        ))}
      </select>
    </label>
  );
}

interface EpisodeProps {
  readonly episodes: DatasetJson["episodes"];
  readonly chosen: number;
}

/** The episodes of a dataset, and the ways to the next and the one before. */
export function EpisodePicker({ episodes, chosen }: EpisodeProps) {
  const at = episodes.findIndex(({ episode }) => episode === chosen);
  const choose = (episode: number | undefined) =>
    episode !== undefined && changeQuery({ episode: String(episode), row: null }, "push");
  const step = (name: string, sign: string, to: number) => (
    <button
      type="button"
      class="small"
      aria-label={`${name} episode`}
      disabled={episodes[to] === undefined}
      onClick={() => choose(episodes[to]?.episode)}
    >
      {sign}
    </button>
  );
  return (
    <span class="picker">
      <label>
        Episode
        <select value={String(chosen)} onChange={(event) => choose(Number(event.currentTarget.value))}>
          {at === -1 && <option value={String(chosen)}>{chosen} · not in use</option>}
          {episodes.map(({ episode, length, side }) => (
            <option key={episode} value={String(episode)}>
              {episode} · {brief(length)} rows · {side}
            </option>
          ))}
        </select>
      </label>
      {step("Previous", "‹", at - 1)}
      {step("Next", "›", at + 1)}
    </span>
  );
}
