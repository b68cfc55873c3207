import { featureWidth } from "../feature.ts";
import type { DatasetNote, DatasetProblem } from "../problem.ts";
import { changes } from "../statistics.ts";
import type { EpisodeRecord } from "./episode-record.ts";
import type { Info } from "./info.ts";

/** LeRobot's own tolerance between a timestamp and its frame, in seconds. */
const toleranceSeconds = 1e-4;

/** A row this far from its time, in frames, is nearer to another. */
export const driftFrames = 0.5;

interface Drift {
  readonly record: EpisodeRecord;
  readonly frame: number;
  readonly seconds: number;
}

/** Where timestamps are furthest from frames that follow each other evenly, and by how much, counted from the first. */
export function driftOf(timestamps: Float64Array, framesPerSecond: number): { frame: number; seconds: number } {
  const start = timestamps[0] ?? 0;
  let [at, most] = [0, 0];
  for (const [frame, time] of timestamps.entries()) {
    const seconds = Math.abs(time - start - frame / framesPerSecond);
    if (seconds > most) [at, most] = [frame, seconds];
  }
  return { frame: at, seconds: most };
}

/** What the numbers of a dataset show, gathered episode by episode. */
export class EpisodeFacts {
  readonly #info: Info;
  readonly #ranges = new Map<string, { min: Float64Array; max: Float64Array }>();
  readonly #tasks = new Set<string>();
  #unevenness = 0;
  /** The episode whose timestamps are furthest from its frames, and how many episodes are off by a frame. */
  #worst: Drift | null = null;
  #drifting = 0;
  #start = 0;
  #isCounted = true;

  constructor(info: Info) {
    this.#info = info;
  }

  /** Takes an episode's columns in; returns what is wrong with how they go on in time. */
  add(
    record: EpisodeRecord,
    columns: ReadonlyMap<string, Float64Array>,
    tasks: readonly (string | null)[],
  ): DatasetProblem[] {
    for (const text of tasks) if (text !== null) this.#tasks.add(text);
    for (const [key, column] of columns) this.#widen(key, column);
    if (!columns.has("frame_index")) this.#isCounted = false;
    const timestamps = columns.get("timestamp");
    return timestamps === undefined ? [] : this.#clock(record, timestamps);
  }

  tasks(): string[] {
    return [...this.#tasks].sort();
  }

  /** What is wrong with the dataset as a whole. */
  problems(): DatasetProblem[] {
    if (this.#worst === null) return [];
    const { record, frame, seconds } = this.#worst;
    const rate = `an even ${this.#info.framesPerSecond} frames per second`;
    const most = `most in episode ${record.index}, by ${seconds.toFixed(4)} s at frame ${frame}`;
    const message = `expected rows at ${rate}, got timestamps that drift from it in ${this.#drifting} episodes, ${most}; frames are taken by index`;
    const path = `${record.table.path} column "timestamp"`;
    return [{ code: "drifting-timestamps", path, message, episode: record.index, row: frame }];
  }

  notes(): DatasetNote[] {
    const notes: DatasetNote[] = [];
    for (const [key, range] of this.#ranges) {
      const entries = range.min.length;
      const constant = [...range.min.keys()].filter((entry) => !changes(range, entry));
      if (entries === 1 || constant.length === 0) continue;
      const names = constant.map((entry) => this.#info.features.get(key)?.names?.[entry] ?? String(entry));
      const message = `${constant.length} of ${entries} entries never change: ${names.join(", ")}`;
      notes.push({ code: "constant-entries", path: `column "${key}"`, message });
    }
    const path = 'column "timestamp"';
    if (this.#worst === null && this.#unevenness > toleranceSeconds) {
      const message = `up to ${this.#unevenness.toFixed(4)} s from an even ${this.#info.framesPerSecond} frames per second; rows are frames in order`;
      notes.push({ code: "uneven-timestamps", path, message });
    }
    if (this.#start > toleranceSeconds) {
      const message = `episodes start at ${this.#start.toFixed(4)} s in place of 0; rows are frames in order`;
      notes.push({ code: "late-start", path, message });
    }
    if (!this.#isCounted)
      notes.push({ code: "no-frame-index", path: 'column "frame_index"', message: "absent; rows are frames in order" });
    return notes;
  }

  #widen(key: string, column: Float64Array): void {
    const feature = this.#info.features.get(key);
    if (feature === undefined) return;
    const entries = featureWidth(feature);
    const range = this.#ranges.get(key) ?? {
      min: new Float64Array(entries).fill(Number.POSITIVE_INFINITY),
      max: new Float64Array(entries).fill(Number.NEGATIVE_INFINITY),
    };
    this.#ranges.set(key, range);
    for (const [at, value] of column.entries()) {
      const entry = at % entries;
      range.min[entry] = Math.min(range.min[entry]!, value);
      range.max[entry] = Math.max(range.max[entry]!, value);
    }
  }

  #clock(record: EpisodeRecord, timestamps: Float64Array): DatasetProblem[] {
    const start = timestamps[0] ?? 0;
    this.#start = Math.max(this.#start, Math.abs(start));
    const back = timestamps.findIndex((time, frame) => frame > 0 && !(time > timestamps[frame - 1]!));
    if (back < 0) this.#drift(record, timestamps);
    if (back < 0) return [];
    const got = `${timestamps[back]} after ${timestamps[back - 1]} at frame ${back} of episode ${record.index}`;
    const path = `${record.table.path} column "timestamp"`;
    const message = `expected ascending timestamps, got ${got}`;
    return [{ code: "timestamps-not-ascending", path, message, episode: record.index, row: back }];
  }
  #drift(record: EpisodeRecord, timestamps: Float64Array): void {
    const { frame, seconds } = driftOf(timestamps, this.#info.framesPerSecond);
    this.#unevenness = Math.max(this.#unevenness, seconds);
    if (seconds < driftFrames / this.#info.framesPerSecond) return;
    this.#drifting++;
    if (seconds > (this.#worst?.seconds ?? 0)) this.#worst = { record, frame, seconds };
  }
}
