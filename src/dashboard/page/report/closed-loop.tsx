import type { DemoReportJson, FilmJson, PlayedJson, RobotJson } from "../../report/report-json.ts";
import { DataTable, titledColumns } from "../data-table.tsx";
import { FilmClip } from "../rollouts/film-clip.tsx";
import { Rate } from "../rollouts/rate.tsx";

/** Successes of each robot, before training and after, and films of both. */
export function ClosedLoop({ report: { robots, starts } }: { readonly report: DemoReportJson }) {
  const titles = ["robot", "control mode", "dofs", "untrained, 95 % interval", "trained, 95 % interval", "mean steps"];
  return (
    <section class="part" aria-labelledby="loop-title">
      <h2 id="loop-title">Closed loop</h2>
      <p>
        Successes over {starts} starts that no recording began with, before the first step of training and after the
        last. The policy asks for a chunk of actions, carries half of it out, and looks again.
      </p>
      <DataTable
        label="Successes in closed loop"
        columns={titledColumns(titles, ["dofs", "mean steps"])}
        rows={robots.map(({ name, dofs, controlMode, untrained, trained }) => [
          ...[name, controlMode, String(dofs)],
          <SuccessRate key="untrained" played={untrained} />,
          <SuccessRate key="trained" played={trained} />,
          trained.score.meanSteps.toFixed(1),
        ])}
      />
      {robots.map((robot) => (
        <Films key={robot.name} robot={robot} />
      ))}
    </section>
  );
}

function SuccessRate({ played: { score } }: { readonly played: PlayedJson }) {
  return <Rate rate={score.successRate} interval={score.interval} />;
}

/** The same start, before and after. */
function Films({ robot: { name, summary, untrained, trained } }: { readonly robot: RobotJson }) {
  if (untrained.films.length + trained.films.length === 0) return null;
  return (
    <>
      <h3>
        {name}: {summary}
      </h3>
      <div class="films">
        {untrained.films.map((film) => (
          <Film key={film.start} film={film} weights="untrained" />
        ))}
        {trained.films.map((film) => (
          <Film key={film.start} film={film} weights="trained" />
        ))}
      </div>
    </>
  );
}

function Film({ film: { start, isSuccess, mp4 }, weights }: { readonly film: FilmJson; readonly weights: string }) {
  const said = `start ${start}, ${weights}: ${isSuccess ? "succeeds" : "fails"}`;
  return <FilmClip src={`data:video/mp4;base64,${mp4}`} caption={said} playsAtOnce />;
}
