import type { DatasetJson } from "../../data/listing.ts";
import type { EpisodeSeriesJson } from "../../data/series.ts";
import type { ChunkErrorsJson } from "../../policy/chunks.ts";
import { useCursor } from "../data/cursor.ts";
import { CameraFilm, RowSlider } from "../data/film.tsx";
import { WhenHere } from "../data/when-here.tsx";
import { useJson } from "../fetched.ts";
import { useChunks } from "./asked.ts";
import { ChunkCurves } from "./chunks.tsx";
import { ChunkErrors } from "./errors.tsx";

interface PolicyEpisodeProps {
  /** Where the addresses of the run begin. */
  readonly api: string;
  /** Number of the dataset among the run's. */
  readonly number: number;
  readonly dataset: DatasetJson;
  readonly episode: number;
  readonly query: URLSearchParams;
}

const [draws, rows, rowDraws] = [8, 16, 4] as const;

/** What a policy does along an episode, beside what was recorded. */
export function PolicyEpisode({ api, number, dataset, episode, query }: PolicyEpisodeProps) {
  const data = `${api}/data/${number}`;
  const asked = `${api}/policy/${number}/episodes/${episode}`;
  const length = dataset.episodes.find((one) => one.episode === episode)?.length ?? 1;
  const cursor = useCursor(query, length);
  const series = useJson<EpisodeSeriesJson>(`${data}/episodes/${episode}?scale=raw`, 0);
  const errors = useJson<ChunkErrorsJson>(`${asked}/errors?rows=${rows}&draws=${rowDraws}`, 0);
  const { chunks, problem } = useChunks(`${asked}/chunks?draws=${draws}`, cursor);
  return (
    <>
      <div class="episode">
        <div class="episode-side">
          <CameraFilm
            address={`${data}/frame?episode=${episode}`}
            cameras={dataset.cameras}
            absent={dataset.absentCameras}
            cursor={cursor}
            hasPolicy
          />
          <RowSlider cursor={cursor} length={length} framesPerSecond={dataset.framesPerSecond} firstRow={0} />
          {problem !== null && <p class="problems">{problem}</p>}
        </div>
        <WhenHere found={series} meanwhile="Reading the episode">
          {(value) => (
            <ChunkCurves
              dataset={dataset}
              series={value}
              errors={errors.state === "here" ? errors.value : null}
              chunks={chunks}
              cursor={cursor}
            />
          )}
        </WhenHere>
      </div>
      <WhenHere found={errors} meanwhile="Loading the policy and sampling its actions along the episode">
        {(value) => <ChunkErrors errors={value} />}
      </WhenHere>
    </>
  );
}
