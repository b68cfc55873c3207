import type { InspectionJson } from "../../data/inspection.ts";
import type { DatasetJson } from "../../data/listing.ts";
import { changeQuery } from "../address.ts";
import { useJson } from "../fetched.ts";
import { WhenHere } from "./when-here.tsx";

interface InspectionProps {
  readonly api: string;
  readonly dataset: DatasetJson;
}

/** What `armature inspect` finds in a dataset, each problem with the way to its row. */
export function Inspection({ api, dataset }: InspectionProps) {
  const found = useJson<InspectionJson>(`${api}/inspection`, 0);
  return (
    <section class="part" aria-labelledby="problems-title">
      <h2 id="problems-title">Problems</h2>
      <WhenHere found={found} meanwhile="Inspecting the dataset">
        {({ problems, notes, pictures }) => (
          <>
            <p class="quiet-text">
              {problems.length === 0 ? "None." : `${problems.length} found.`} {pictures.decoded} of {pictures.here}{" "}
              pictures decoded.
            </p>
            <ul class="findings">
              {problems.map((problem) => (
                <Finding key={`${problem.path} ${problem.message}`} problem={problem} dataset={dataset} />
              ))}
              {notes.map(({ path, message }) => (
                <li key={`${path} ${message}`}>
                  <span class="quiet-text">note · {path}</span> {message}
                </li>
              ))}
            </ul>
          </>
        )}
      </WhenHere>
    </section>
  );
}

function Finding({
  problem,
  dataset,
}: {
  readonly problem: InspectionJson["problems"][number];
  readonly dataset: DatasetJson;
}) {
  const { path, message, episode, row, shownRow, isTrimmed } = problem;
  const isHere = dataset.episodes.some((one) => one.episode === episode);
  const show = () =>
    changeQuery({ episode: String(episode), row: shownRow === null ? null : String(shownRow) }, "push");
  return (
    <li>
      {isHere && (
        <button type="button" class="small" onClick={show}>
          episode {episode}
          {shownRow !== null && `, row ${row}`}
        </button>
      )}{" "}
      {isTrimmed && <span class="quiet-text">row {row}, which is idle and trimmed · </span>}
      <span class="quiet-text">{path}</span> {message}
    </li>
  );
}
