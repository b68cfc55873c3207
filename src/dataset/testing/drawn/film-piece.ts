import type { Dice } from "./dice.ts";
import type { DrawnClip, DrawnEpisode } from "./drawn-dataset.ts";
import type { FilmPlan } from "./plan.ts";

/** Pictures of a film, one after the other: those of an episode, or of none that is listed. */
export interface Piece {
  readonly episode: DrawnEpisode | null;
  readonly pictures: number;
  /** The picture of each row, counted from the first of the piece. */
  readonly rows: readonly number[];
}

/** When the pictures of a film are shown, as ticks of a clock. */
export interface Timing {
  readonly timescale: number;
  readonly ticks: readonly number[];
}

/** Clips that begin and end where their pictures do. */
export function clipsAsShown(
  film: Pick<FilmPlan, "version" | "framesPerSecond"> & {
    readonly pieces: readonly Piece[];
    readonly timing: Timing;
    readonly endsAreStated: boolean;
  },
): DrawnClip[] {
  const times = secondsOf(film.timing);
  const end = (times.at(-1) ?? 0) + 1 / film.framesPerSecond;
  let first = 0;
  return film.pieces.flatMap((each): DrawnClip[] => {
    const next = first + each.pictures;
    const said = { first, from: times[first] ?? 0, to: film.endsAreStated ? (times[next] ?? end) : null };
    first = next;
    return each.episode?.isListed === true ? [clipOf(each, said, film)] : [];
  });
}

export function clipOf(
  { episode, rows }: Piece,
  { first, from, to }: { readonly first: number; readonly from: number; readonly to: number | null },
  { version }: Pick<FilmPlan, "version">,
): DrawnClip {
  if (episode === null) throw new RangeError("clipOf: expected the pictures of an episode");
  const pictures = rows.map((row) => first + row);
  return version === "v2.1"
    ? { episode: episode.index, from: 0, to: null, pictures }
    : { episode: episode.index, from, to, pictures };
}

/** The pictures of an episode: so many frames before and after its rows, and `stride` pictures a frame. */
export function piece(
  episode: DrawnEpisode,
  { before, after, stride }: { readonly before: number; readonly after: number; readonly stride: number },
): Piece {
  const rows = Array.from({ length: episode.length }, (_, row) => (before + row) * stride);
  return { episode, pictures: (before + episode.length + after) * stride, rows };
}

/** @param unevenness how far a picture may be off its time, in shares of the time between two, to either side */
export function timed(
  { style }: Pick<FilmPlan, "style">,
  dice: Dice,
  film: { readonly pieces: readonly Piece[]; readonly rate: number; readonly unevenness: number },
): Timing {
  // MPEG-4 counts in 16 bits.
  const timescale =
    style.encoder === "mpeg4" ? dice.pick([1000, 15360, 30000, 60000]) : dice.pick([1000, 15360, 30000, 90000]);
  const count = film.pieces.reduce((sum, { pictures }) => sum + pictures, 0);
  const late = dice.happens(0.2) ? dice.between(1, 9) : 0;
  const ticks = Array.from({ length: count }, (_, picture) => {
    const off = film.unevenness * (2 * dice.share() - 1);
    return Math.round(((late + 1 + picture + off) * timescale) / film.rate);
  });
  const start = late > 0 ? 0 : (ticks[0] ?? 0);
  return { timescale, ticks: ticks.map((each) => each - start) };
}

/** When each picture is shown, in seconds from the first. */
export function secondsOf({ ticks, timescale }: Timing): number[] {
  return ticks.map((each) => (each - (ticks[0] ?? 0)) / timescale);
}
