import { useMemo } from "preact/hooks";
import type { DatasetJson } from "../../data/listing.ts";
import type { EpisodeSeriesJson } from "../../data/series.ts";
import type { ChunkErrorsJson, ChunksJson } from "../../policy/chunks.ts";
import type { Hover } from "../chart/hover.ts";
import { brief } from "../chart/number.ts";
import { type StripContent, type StripLine, Strips } from "../data/strip.tsx";
import { unitText } from "../data/unit.ts";

interface ChunksProps {
  readonly dataset: DatasetJson;
  readonly series: EpisodeSeriesJson;
  readonly errors: ChunkErrorsJson | null;
  /** At the row of the cursor, or where it rested last; `null` until the first has come. */
  readonly chunks: ChunksJson | null;
  readonly cursor: Hover;
}

const stripHeight = 64;

/** Recorded actions of an episode, with what the policy would do: all along it, and at the cursor with several noises. */
export function ChunkCurves({ dataset, series, errors, chunks, cursor }: ChunksProps) {
  const strips = useMemo(() => stripsOf(series, errors, chunks), [series, errors, chunks]);
  return (
    <div>
      <p class="key" aria-hidden="true">
        <span class="swatch recorded-colour" /> recorded <span class="swatch along-colour" /> predicted along the
        episode <span class="swatch here-colour" /> predicted at row {chunks?.row ?? "…"}, {chunks?.chunks.length ?? 0}{" "}
        noises
      </p>
      <Strips
        label={`Actions of ${dataset.name}, episode ${series.episode}`}
        strips={strips}
        length={series.length}
        cursor={cursor}
        height={stripHeight}
      />
    </div>
  );
}

function stripsOf(
  { actions }: EpisodeSeriesJson,
  errors: ChunkErrorsJson | null,
  chunks: ChunksJson | null,
): StripContent[] {
  return actions.entries.map(({ name, unit }, dof): StripContent => {
    const own = actions.values[dof]!;
    const recorded = { xs: own.map((_, row) => row), ys: own, colour: "--ink", width: 1.25, opacity: 1 };
    const along = (errors?.asked ?? []).map(({ row, chunk }) =>
      chunkLine(row, errors?.rowsPerStep ?? 1, chunk[dof] ?? [], { colour: "--line-0", width: 1, opacity: 0.7 }),
    );
    const here = (chunks?.chunks ?? []).map((chunk) =>
      chunkLine(chunks?.row ?? 0, chunks?.rowsPerStep ?? 1, chunk[dof] ?? [], {
        ...{ colour: "--line-1", width: 1.25, opacity: 0.75 },
      }),
    );
    const said = (row: number) => <span class="only-value">{brief(own[row] ?? null)}</span>;
    return { name, detail: unitText(unit), lines: [...along, recorded, ...here], said };
  });
}

function chunkLine(
  row: number,
  rowsPerStep: number,
  ys: readonly (number | null)[],
  look: Pick<StripLine, "colour" | "width" | "opacity">,
): StripLine {
  return { xs: ys.map((_, step) => row + step * rowsPerStep), ys, ...look };
}
