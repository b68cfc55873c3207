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
const offGrid = 0.1;

/**
 * Places the episodes of a film.
 *
 * Where pictures and rows of all of them agree in number, the clips have to follow each other without room for a picture
 * between two: then the n-th row is the n-th picture, however far the stated times drift. Else each clip has to begin at a picture,
 * and holds those up to its end. None may belong to two episodes. One that cannot be placed makes all times of its film worthless.
 *
 * @param framesPerSecond of the rows
 */
export function placeEpisodes(
  film: FilmIndex,
  claimed: readonly ClaimedClip[],
  framesPerSecond: number,
): ReadonlyMap<number, Placement> {
  const clips = claimed.toSorted((one, other) => one.from - other.from || one.episode - other.episode);
  const all = (message: string) =>
    new Map(clips.map(({ episode }) => [episode, { kind: "refused", message }] as const));
  if (clips.reduce((sum, { length }) => sum + length, 0) === film.times.length) {
    const placed = inOneRow(film, clips, framesPerSecond);
    return typeof placed === "string" ? all(placed) : placed;
  }
  const backwards = clips.find(({ from, to }) => to !== null && to <= from);
  if (backwards !== undefined) return all(endsBefore(backwards));
  const spans: Span[] = [];
  for (const [at, clip] of clips.entries()) {
    const next = clips[at + 1]?.from ?? Number.POSITIVE_INFINITY;
    const span = spanOf(film, clip, clip.to ?? supposedEnd(clip, next, framesPerSecond));
    if (typeof span === "string") return all(span);
    spans.push(span);
  }
  return new Map(clips.map((clip, at) => [clip.episode, placementOf(film, clips, spans, at)]));
}

/** The episodes one after the other, or what the metadata says against it. */
function inOneRow(
  { times }: FilmIndex,
  clips: readonly ClaimedClip[],
  framesPerSecond: number,
): ReadonlyMap<number, Placement> | string {
  const placements = new Map<number, Placement>();
  let first = 0;
  let due = [0];
  for (const { episode, length, from } of clips) {
    if (!due.some((time) => Math.abs(from - time) < 0.5 / framesPerSecond))
      return (
        `expected the episodes of a film one after the other, as it has as many pictures as they have rows (${times.length}), ` +
        `got from_timestamp ${seconds(from)} for episode ${episode} in place of ${seconds(due[0]!)}; correct it in meta/episodes`
      );
    const hasDrifted = Math.abs(from - times[first]!) > offGrid / framesPerSecond;
    placements.set(episode, { kind: "in order", first, hasDrifted });
    first += length;
    // Whoever wrote the metadata counted rows at their own rate, or added up the lengths of films.
    due = [from + length / framesPerSecond, from + (times[first] ?? Number.NaN) - times[first - length]!];
  }
  return placements;
}

function endsBefore({ episode, from, to }: ClaimedClip): string {
  return `expected to_timestamp after from_timestamp for episode ${episode}, got ${seconds(to ?? 0)} after ${seconds(from)}; correct it in meta/episodes`;
}

/** Where a clip ends that does not say so: where the next begins, unless that leaves it less than its rows by half a frame or more. */
function supposedEnd({ from, length }: ClaimedClip, next: number, framesPerSecond: number): number {
  const full = from + length / framesPerSecond;
  return next > full - 0.5 / framesPerSecond ? next : full;
}

function placementOf(film: FilmIndex, clips: readonly ClaimedClip[], spans: readonly Span[], at: number): Placement {
  const [{ from, length }, span] = [clips[at]!, spans[at]!];
  // Clips in order of where they begin: one that shares pictures does so with a neighbour, or has one inside.
  const other = spans.findIndex((each, which) => which !== at && overlap(span, each));
  if (other >= 0) return { kind: "refused", message: sharedPictures(film, clips[other]!, spans[other]!, span) };
  const { first, end } = span;
  return end - first === length
    ? { kind: "in order", first, hasDrifted: false }
    : { kind: "by time", from, first, end };
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

function overlap(one: Span, other: Span): boolean {
  return one.first < other.end && other.first < one.end;
}

function sharedPictures(film: FilmIndex, other: ClaimedClip, otherSpan: Span, own: Span): string {
  const from = Math.max(own.first, otherSpan.first);
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
  const cure = cureOf(film, timestamps);
  return `expected a picture for each of the ${rows} rows of episode ${episode}, got ${end - first} pictures and ${got}${rates}; ${cure}`;
}

/** Rows that begin after the film has ended count from elsewhere: no other film would have their pictures. */
function cureOf({ times }: FilmIndex, timestamps: ArrayLike<number>): string {
  return timestamps[0]! > times.at(-1)!
    ? "let timestamps count seconds from the first picture, or name the other episodes in the recipe"
    : "write the film again with a picture for each row, or name the other episodes in the recipe";
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
