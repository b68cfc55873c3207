import { featureWidth } from "../feature.ts";
import type { DatasetNote, DatasetProblem } from "../problem.ts";
import { changes } from "../statistics.ts";
import type { EpisodeRecord } from "./episode-record.ts";
import type { Info } from "./info.ts";

/** LeRobot's own tolerance between a timestamp and its frame, in seconds. */
const toleranceSeconds = 1e-4;

/** What the numbers of a dataset show, gathered episode by episode. */
export class EpisodeFacts {
  readonly #info: Info;
  readonly #ranges = new Map<string, { min: Float64Array; max: Float64Array }>();
  readonly #tasks = new Set<string>();
  #unevenness = 0;
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
    if (this.#unevenness > toleranceSeconds) {
      const message = `up to ${this.#unevenness.toFixed(4)} s from an even ${this.#info.framesPerSecond} frames per second; frames are taken by index`;
      notes.push({ code: "uneven-timestamps", path, message });
    }
    if (this.#start > toleranceSeconds) {
      const message = `episodes start at ${this.#start.toFixed(4)} s in place of 0; frames are taken by index`;
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
    for (const [frame, time] of timestamps.entries()) {
      const off = Math.abs(time - start - frame / this.#info.framesPerSecond);
      this.#unevenness = Math.max(this.#unevenness, off);
    }
    const back = timestamps.findIndex((time, frame) => frame > 0 && !(time > timestamps[frame - 1]!));
    if (back < 0) return [];
    const got = `${timestamps[back]} after ${timestamps[back - 1]} at frame ${back} of episode ${record.index}`;
    const path = `${record.table.path} column "timestamp"`;
    return [{ code: "timestamps-not-ascending", path, message: `expected ascending timestamps, got ${got}` }];
  }
}
