import type { RunFilmJson } from "../../rollouts/films.ts";
import type { PlayedStartsJson } from "../../rollouts/played.ts";
import { FilmClip } from "./film-clip.tsx";

/** Films that lie beside the run. */
export function RunFilms({ api, films }: { readonly api: string; readonly films: readonly RunFilmJson[] }) {
  if (films.length === 0) return null;
  return (
    <section class="part" aria-labelledby="films-title">
      <h2 id="films-title">Films of this run</h2>
      <div class="films">
        {films.map(({ name, robot, episode, label }) => (
          <FilmClip
            key={name}
            src={`${api}/films?name=${encodeURIComponent(name)}`}
            caption={`${robot}, start ${episode}${label === "" ? "" : `, ${label}`}`}
            playsAtOnce={false}
          />
        ))}
      </div>
    </section>
  );
}

interface PlayedFilmsProps {
  /** Where the addresses of the robot begin. */
  readonly api: string;
  readonly played: PlayedStartsJson;
}

/** Films of starts that were rolled out for the page. */
export function FilmsOfStarts({ api, played: { rollouts, filmed, robot, seed, episodes } }: PlayedFilmsProps) {
  if (filmed === 0) return <p class="note">No films: the package node-av is not installed.</p>;
  return (
    <div class="films">
      {rollouts.slice(0, filmed).map(({ episode, isSuccess, steps }) => (
        <FilmClip
          key={episode}
          src={`${api}/film?episode=${episode}&episodes=${episodes}&seed=${seed}`}
          caption={`${robot}, start ${episode}: ${isSuccess ? "reached" : "not reached"}, ${steps} steps`}
          playsAtOnce={false}
        />
      ))}
    </div>
  );
}
