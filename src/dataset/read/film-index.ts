import { DamagedFileError } from "../problem.ts";
import { boxAt, boxesIn, movieBox } from "./mp4.ts";

/** The pictures of a video file as it says itself: known without decoding one. */
export interface FilmIndex {
  /** When each is shown, in seconds from the first, ascending. */
  readonly times: Float64Array;
  /** The shortest time between two of them, in seconds; infinite for a single one. */
  readonly gap: number;
  /** The longest that one is decoded ahead of its time, in seconds: as others are built on it. */
  readonly ahead: number;
  /** Pictures per second, on the whole; `NaN` for a single one. */
  readonly rate: number;
  /** Clockwise quarter turns after which they are upright. */
  readonly quarterTurns: QuarterTurns;
}

/** The picture of a film that is nearest in time; of two as near the earlier one. */
export function nearestPicture({ times }: Pick<FilmIndex, "times">, seconds: number): number {
  let [low, high] = [0, times.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < seconds) low = middle + 1;
    else high = middle;
  }
  return low > 0 && seconds - times[low - 1]! <= times[low]! - seconds ? low - 1 : low;
}

export type QuarterTurns = 0 | 1 | 2 | 3;

/**
 * The film in an MP4 file, from its tables of samples: what decoders pass over, as the edit list has it, is left out.
 *
 * @throws Error saying what the file is in place of a whole film that every decoder shows alike
 * @source ISO/IEC 14496-12 §§ 8.3.2 (tkhd), 8.6.1 (stts, ctts), 8.6.6 (elst); which pictures are shown: FFmpeg mov_fix_index
 */
export async function readFilmIndex(path: string): Promise<FilmIndex> {
  const movie = await movieBox(path);
  if (boxAt(movie, "mvex") !== null)
    throw new Error(
      'a film in fragments, which says nothing of its pictures as a whole; "ffmpeg -i OLD -c copy NEW" joins them',
    );
  const tracks = [...boxesIn(movie)].filter(({ kind, content }) => kind === "trak" && isVideo(content));
  const [track] = tracks;
  if (track === undefined) throw new Error("a file without a video");
  if (tracks.length > 1) throw new Error(`a file of ${tracks.length} videos, of which decoders choose differently`);
  const [timescale, movieTimescale] = [scaleOf(track.content, "mdia/mdhd"), scaleOf(movie, "mvhd")];
  const { start, end } = shownSpan(track.content, timescale / movieTimescale);
  const { decoded, presented } = sampleTicks(track.content);
  const shown = presented.filter((ticks) => ticks >= start && ticks < end).sort();
  if (shown.length === 0) throw new Error("a film without pictures");
  const times = shown.map((ticks) => (ticks - shown[0]!) / timescale);
  let gap = Number.POSITIVE_INFINITY;
  for (let at = 1; at < times.length; at++) gap = Math.min(gap, times[at]! - times[at - 1]!);
  if (gap <= 0) throw new Error("a film with two pictures at one time");
  const ahead = presented.reduce((most, ticks, sample) => Math.max(most, ticks - decoded[sample]!), 0) / timescale;
  const rate = (times.length - 1) / times.at(-1)!;
  return { times, gap, ahead, rate, quarterTurns: quarterTurns(movie, track.content) };
}

function isVideo(track: Buffer): boolean {
  return boxAt(track, "mdia/hdlr")?.toString("latin1", 8, 12) === "vide";
}

/** Ticks per second, as `mvhd` and `mdhd` say it. */
function scaleOf(content: Buffer, path: string): number {
  const header = needBox(content, path);
  const ticks = header.readUInt32BE(header[0] === 1 ? 20 : 12);
  if (ticks === 0) throw new Error("a film without a measure of time");
  return ticks;
}

/** When each sample is decoded and when it is shown, in ticks, in the order in which they stand in the file. */
function sampleTicks(track: Buffer): { decoded: Float64Array; presented: Float64Array } {
  const durations = [...runs(needBox(track, "mdia/minf/stbl/stts"))];
  const decoded = new Float64Array(durations.reduce((sum, { count }) => sum + count, 0));
  let [sample, ticks] = [0, 0];
  for (const { count, value } of durations)
    for (let at = 0; at < count; at++, ticks += value) decoded[sample++] = ticks;
  const presented = decoded.slice();
  const offsets = boxAt(track, "mdia/minf/stbl/ctts");
  sample = 0;
  for (const { count, value } of offsets === null ? [] : runs(offsets))
    for (let at = 0; at < count && sample < presented.length; at++) presented[sample++]! += value;
  return { decoded, presented };
}

/** The runs of equal values that `stts` and `ctts` hold. */
function* runs(table: Buffer): Generator<{ count: number; value: number }> {
  const entries = table.readUInt32BE(4);
  if (table.length < 8 + 8 * entries) throw new DamagedFileError("a film whose tables are damaged");
  for (let at = 8; at < 8 + 8 * entries; at += 8)
    yield { count: table.readUInt32BE(at), value: table.readInt32BE(at + 4) };
}

/** The part of a track's own time that is shown, in its ticks: what its edit list says. */
function shownSpan(track: Buffer, ticksPerMovieTick: number): { start: number; end: number } {
  const list = boxAt(track, "edts/elst");
  const edits = (list === null ? [] : [...editsOf(list)]).filter(({ start }) => start >= 0);
  const [edit] = edits;
  if (edit === undefined) return { start: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY };
  if (edits.length > 1)
    throw new Error(`a film of ${edits.length} edits, which no frame number counts; encode it again`);
  if (edit.rate !== 1) throw new Error(`a film that is to be shown at ${edit.rate} times its speed; encode it again`);
  return { start: edit.start, end: edit.start + Math.round(edit.duration * ticksPerMovieTick) };
}

function* editsOf(list: Buffer): Generator<{ duration: number; start: number; rate: number }> {
  const isLong = list[0] === 1;
  for (let edit = 0, at = 8; edit < list.readUInt32BE(4); edit++, at += isLong ? 20 : 12)
    yield {
      duration: isLong ? Number(list.readBigUInt64BE(at)) : list.readUInt32BE(at),
      start: isLong ? Number(list.readBigInt64BE(at + 8)) : list.readInt32BE(at + 4),
      rate: list.readInt32BE(at + (isLong ? 16 : 8)) / 0x10000,
    };
}

/** How the matrices of track and movie turn pictures. */
function quarterTurns(movie: Buffer, track: Buffer): QuarterTurns {
  const own = linear(needBox(track, "tkhd"), 40, 52);
  const outer = linear(needBox(movie, "mvhd"), 36, 48);
  const [a, b, c, d] = [
    own[0] * outer[0] + own[1] * outer[2],
    own[0] * outer[1] + own[1] * outer[3],
    own[2] * outer[0] + own[3] * outer[2],
    own[2] * outer[1] + own[3] * outer[3],
  ];
  if (b === 0 && c === 0 && a > 0 && d > 0) return 0;
  if (a === 0 && d === 0 && b > 0 && c < 0) return 1;
  if (b === 0 && c === 0 && a < 0 && d < 0) return 2;
  if (a === 0 && d === 0 && b < 0 && c > 0) return 3;
  throw new Error("a film that is to be shown mirrored or aslant; encode it upright");
}

/** The entries `a b c d` of a header's matrix, whose place depends on the header's version. */
function linear(header: Buffer, short: number, long: number): [number, number, number, number] {
  const from = header[0] === 1 ? long : short;
  const at = (entry: number) => header.readInt32BE(from + 4 * entry);
  return [at(0), at(1), at(3), at(4)];
}

function needBox(content: Buffer, path: string): Buffer {
  const found = boxAt(content, path);
  if (found === null) throw new DamagedFileError(`a film without its "${path.split("/").at(-1)}" box`);
  return found;
}
