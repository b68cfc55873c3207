import { type FilmIndex, nearestPicture } from "./film-index.ts";

/** What the metadata says of where an episode lies in a film. */
export interface ClaimedClip {
  readonly episode: number;
  /** Frames of the episode. */
  readonly length: number;
  /** Seconds from the film's first picture to the episode's. */
  readonly from: number;
  /** Seconds to its end; `null` where no one says. */
  readonly to: number | null;
}

/** Which pictures of a film an episode's rows are. */
export type Placement =
  /** As many as rows, from picture `first` on: row k is picture `first + k`. */
  | { readonly kind: "in order"; readonly first: number; readonly hasDrifted: boolean }
  /** Another number than rows, from `first` up to `end`: the rows' own times tell which. */
  | { readonly kind: "by time"; readonly first: number; readonly end: number; readonly from: number }
  | { readonly kind: "refused"; readonly message: string };

/** A clip that begins further from a picture, in shares of the time between two, may belong to either of two. */
const offGrid = 0.25;

/**
 * Places the episodes of a film.
 *
 * Where pictures and rows of all of them agree in number and the clips follow each other without room for a picture between
 * two, the n-th row is the n-th picture, however far the stated times drift. Else each clip has to begin at a picture, and
 * holds those up to its end; none may belong to two episodes.
 *
 * @param framesPerSecond of the rows
 */
export function placeEpisodes(
  film: FilmIndex,
  claimed: readonly ClaimedClip[],
  framesPerSecond: number,
): ReadonlyMap<number, Placement> {
  const clips = claimed.toSorted((one, other) => one.from - other.from || one.episode - other.episode);
  const inOrder = inOneRow(film, clips, framesPerSecond);
  if (inOrder !== null) return inOrder;
  const spans = clips.map((clip, at) => {
    const next = clips[at + 1]?.from ?? Number.POSITIVE_INFINITY;
    return spanOf(film, clip, clip.to ?? Math.max(next, clip.from + clip.length / framesPerSecond));
  });
  const found = clips.map((clip, at): Placement => {
    const span = spans[at]!;
    if (typeof span === "string") return { kind: "refused", message: span };
    const shared = clips.findIndex((_, other) => other !== at && overlap(span, spans[other]!));
    if (shared >= 0) return { kind: "refused", message: sharedPictures(film, clips[shared]!, spans[shared]!, span) };
    const { first, end } = span;
    return end - first === clip.length
      ? { kind: "in order", first, hasDrifted: false }
      : { kind: "by time", from: clip.from, first, end };
  });
  return new Map(clips.map(({ episode }, at) => [episode, found[at]!]));
}

/** The episodes one after the other; `null` where their numbers or times say otherwise. */
function inOneRow(
  { times }: FilmIndex,
  clips: readonly ClaimedClip[],
  framesPerSecond: number,
): ReadonlyMap<number, Placement> | null {
  const rows = clips.reduce((sum, { length }) => sum + length, 0);
  const half = 0.5 / framesPerSecond;
  if (rows !== times.length || Math.abs(clips[0]!.from) > half) return null;
  const placements = new Map<number, Placement>();
  let first = 0;
  for (const [at, { episode, length, from }] of clips.entries()) {
    const hasDrifted = Math.abs(from - times[first]!) > offGrid / framesPerSecond;
    placements.set(episode, { kind: "in order", first, hasDrifted });
    const next = clips[at + 1];
    if (next === undefined) break;
    // Whoever wrote the metadata counted rows at their own rate, or added up the lengths of films.
    const lengths = [length / framesPerSecond, times[first + length]! - times[first]!];
    if (!lengths.some((expected) => Math.abs(next.from - from - expected) < half)) return null;
    first += length;
  }
  return placements;
}

/** Pictures from `first` up to `end`. */
interface Span {
  readonly first: number;
  readonly end: number;
}

/** The pictures of a clip, or why it has none that can be told. */
function spanOf(film: FilmIndex, { episode, length, from }: ClaimedClip, to: number): Span | string {
  const { times } = film;
  const last = times.length - 1;
  const first = nearestPicture(film, from);
  const between = last === 0 ? Number.POSITIVE_INFINITY : times[Math.max(first, 1)]! - times[Math.max(first, 1) - 1]!;
  const rows = `the ${length} rows of episode ${episode}`;
  if (from > times[last]! + offGrid * between || (last === 0 && from > 0))
    return `expected ${rows} from ${seconds(from)} on, got a film of ${pictures(film)} that ends before; its from_timestamp counts past this file`;
  if (Math.abs(from - times[first]!) > offGrid * between) {
    const [before, after] = from < times[first]! ? [first - 1, first] : [first, first + 1];
    return `expected ${rows} to begin at a picture, got ${seconds(from)}, between ${at(film, before)} and ${at(film, after)}: from_timestamp is off the film's grid`;
  }
  let end = to > times[last]! ? last + 1 : nearestPicture(film, to);
  if (end <= last && times[end]! < to - offGrid * between) end++;
  return { first, end };
}

function overlap(one: Span, other: Span | string): boolean {
  return typeof other !== "string" && one.first < other.end && other.first < one.end;
}

function sharedPictures(film: FilmIndex, other: ClaimedClip, otherSpan: Span | string, own: Span): string {
  const from = typeof otherSpan === "string" ? own.first : Math.max(own.first, otherSpan.first);
  return `expected pictures of its own, got ${at(film, from)} for episode ${other.episode} as well: from_timestamp and to_timestamp of the two overlap`;
}

/** The rows of an episode that are to be found by their times. */
export interface TimedRows {
  readonly episode: number;
  /** Of the table, in seconds: the first picture of the clip is at 0. */
  readonly timestamps: ArrayLike<number>;
  readonly framesPerSecond: number;
}

/**
 * The picture of each row by its own time: the nearest, within half a frame.
 *
 * @returns pictures by row, ascending; or what keeps them from being told
 */
export function picturesByTime(
  film: FilmIndex,
  span: Span & { readonly from: number },
  rows: TimedRows,
): Int32Array | string {
  const { timestamps, framesPerSecond } = rows;
  const half = 0.5 / framesPerSecond;
  const found = new Int32Array(timestamps.length);
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = 0; row < timestamps.length; row++) {
    const wanted = span.from + timestamps[row]!;
    const picture = Math.min(Math.max(nearestPicture(film, wanted), span.first), span.end - 1);
    const off = wanted - film.times[picture]!;
    least = Math.min(least, off);
    most = Math.max(most, off);
    if (Math.abs(off) > half) return misfit(film, span, rows, `none at ${seconds(wanted)}, the time of row ${row}`);
    if (row > 0 && picture <= found[row - 1]!)
      return misfit(film, span, rows, `one picture, ${at(film, picture)}, for rows ${row - 1} and ${row}`);
    found[row] = picture;
  }
  // Two clocks that drift apart by more meet at pictures that are not the rows' own.
  if (most - least < half) return found;
  return misfit(film, span, rows, `times that drift apart by ${seconds(most - least)}`);
}

function misfit(
  film: FilmIndex,
  { first, end }: Span,
  { episode, timestamps, framesPerSecond }: TimedRows,
  got: string,
): string {
  const rows = timestamps.length;
  const drift = Math.abs(rows / film.rate - rows / framesPerSecond);
  const rates =
    drift < 0.5 / framesPerSecond ? "" : `: film ${rounded(film.rate)}/s, info.json ${rounded(framesPerSecond)}/s`;
  const cure = `write the film again with a picture for each row, or name the other episodes in the recipe`;
  return `expected a picture for each of the ${rows} rows of episode ${episode}, got ${end - first} pictures and ${got}${rates}; ${cure}`;
}

function pictures(film: FilmIndex): string {
  return `${film.times.length} pictures (${seconds(film.times.at(-1)!)})`;
}

function at(film: FilmIndex, picture: number): string {
  const time = film.times[picture];
  return time === undefined ? "its beginning" : `picture ${picture} (${seconds(time)})`;
}

function seconds(value: number): string {
  return `${value.toFixed(3)} s`;
}

function rounded(rate: number): string {
  return String(Math.round(rate * 100) / 100);
}
