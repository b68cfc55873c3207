import type { DatasetSummaryJson, EntrySummaryJson } from "../../data/summary.ts";
import { brief } from "../chart/number.ts";
import { useJson } from "../fetched.ts";
import { unitText } from "./unit.ts";
import { WhenHere } from "./when-here.tsx";

/** Statistics and histograms of a dataset, entry by entry, and what its rows are told. */
export function Numbers({ api, scale }: { readonly api: string; readonly scale: string }) {
  const found = useJson<DatasetSummaryJson>(`${api}/summary?scale=${scale}`, 0);
  return (
    <section class="part" aria-labelledby="numbers-title">
      <h2 id="numbers-title">Numbers of the dataset</h2>
      <WhenHere found={found} meanwhile="Reading its episodes">
        {(summary) => (
          <>
            <p class="quiet-text">
              {brief(summary.rows)} rows of {summary.episodes.read} of {summary.episodes.of} episodes,{" "}
              {summary.scale === "raw" ? "as recorded" : "in unit scale"}.
            </p>
            <Unreadable episodes={summary.unreadable} />
            <EntryTable title="Actions" entries={summary.actions} />
            <EntryTable title="States" entries={summary.states} />
            <Tasks tasks={summary.tasks} />
          </>
        )}
      </WhenHere>
    </section>
  );
}

function Unreadable({ episodes }: { readonly episodes: DatasetSummaryJson["unreadable"] }) {
  if (episodes.length === 0) return null;
  return (
    <ul class="problems" aria-label="Episodes that cannot be read">
      {episodes.map(({ episode, message }) => (
        <li key={episode}>
          episode {episode}: {message}
        </li>
      ))}
    </ul>
  );
}

const columns = ["mean", "std", "min", "1 %", "99 %", "max"];

function EntryTable({ title, entries }: { readonly title: string; readonly entries: readonly EntrySummaryJson[] }) {
  if (entries.length === 0) return null;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys.
    <section class="scroll" aria-label={`${title} by entry`} tabIndex={0}>
      <table class="entries">
        <thead>
          <tr>
            <th scope="col" class="left">
              {title}
            </th>
            <th scope="col" class="left">
              rows from min to max
            </th>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <EntryRow key={entry.name} entry={entry} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function EntryRow({ entry }: { readonly entry: EntrySummaryJson }) {
  const { name, unit, mean, std, min, q01, q99, max } = entry;
  const isStill = max - min < 1e-6;
  return (
    <tr>
      <th scope="row" class="left">
        {name} <span class="quiet-text">{unitText(unit)}</span>
        {isStill && <span class="quiet-text"> never changes</span>}
      </th>
      <td class="left">
        <Histogram counts={entry.histogram} name={name} />
      </td>
      {[mean, std, min, q01, q99, max].map((value, at) => (
        <td key={columns[at]}>{brief(value)}</td>
      ))}
    </tr>
  );
}

const histogramHeight = 22;

function Histogram({ counts, name }: { readonly counts: readonly number[]; readonly name: string }) {
  const most = Math.max(1, ...counts);
  const bars = counts.map((count, bin) => {
    // A part with few rows is still seen.
    const height = count === 0 ? 0 : Math.max(1, (count / most) * histogramHeight);
    return `M${4 * bin} ${histogramHeight}v${-height}h3v${height}z`;
  });
  const fullest = counts.indexOf(most);
  const said = `${name}: the fullest of ${counts.length} parts from min to max is number ${fullest + 1}, with ${most} rows`;
  return (
    <svg class="histogram" viewBox={`0 0 ${4 * counts.length} ${histogramHeight}`} role="img" aria-label={said}>
      <path d={bars.join("")} />
    </svg>
  );
}

/** So many instructions are listed. */
const listedTasks = 20;

function Tasks({ tasks }: { readonly tasks: DatasetSummaryJson["tasks"] }) {
  const more = tasks.length - listedTasks;
  return (
    <details class="tasks">
      <summary>
        {tasks.length} {tasks.length === 1 ? "instruction" : "instructions"}
      </summary>
      <ul>
        {tasks.slice(0, listedTasks).map(({ text, rows }) => (
          <li key={text}>
            {text ?? "none"} <span class="quiet-text">{brief(rows)} rows</span>
          </li>
        ))}
        {more > 0 && <li class="quiet-text">and {more} more</li>}
      </ul>
    </details>
  );
}
