import { type LogMark, readEventsSince } from "../training/event-follower.ts";
import { eventFile } from "../training/event-log.ts";
import { timeFile } from "../training/time-log.ts";
import type { RequestRefused } from "./refused.ts";
import { type RunEvents, sortEvents } from "./run-events.ts";
import { sortTimes, type TimeColumns } from "./run-times.ts";
import type { Source, SourceFolders } from "./source.ts";

/** What a run has logged, or has logged since an earlier part. */
export interface RunPart extends RunEvents {
  readonly times: TimeColumns;
  /** Whether this is everything, in place of what came before: a resumed run has taken events back. */
  readonly isFromStart: boolean;
  /** Whether the last line has no end: it is being written, or was torn. */
  readonly isTorn: boolean;
}

/** Reads what a run logs, as it grows. */
export class RunFollower {
  readonly #sources: SourceFolders;
  readonly #source: Source;
  #read: Read | null = null;

  constructor(sources: SourceFolders, source: Source) {
    this.#sources = sources;
    this.#source = source;
  }

  /** In place of what a run has logged, where none of it is read. */
  static refused({ message }: RequestRefused): RunPart {
    const { problems: _, ...events } = sortEvents([]);
    return { ...events, times: sortTimes([]), problems: [message], isFromStart: true, isTorn: false };
  }

  /** Everything that a run has logged so far. @throws RequestRefused as `next` */
  static async whole(sources: SourceFolders, source: Source): Promise<RunPart> {
    return (await new RunFollower(sources, source).#readSince(unread)).part;
  }

  get name(): string {
    return this.#source.name;
  }

  /**
   * At first everything; later what is new, `null` where nothing is.
   *
   * @throws RequestRefused where a log is a link that leads out of the folders given
   */
  async next(): Promise<RunPart | null> {
    const before = this.#read;
    this.#read = await this.#readSince(before?.marks ?? unread);
    return before === null || isNews(before, this.#read) ? this.#read.part : null;
  }

  async #readSince(since: Marks): Promise<Read> {
    const events = await this.#log(eventFile, since.events);
    const times = await this.#log(timeFile, since.times);
    const isAnew = (found: typeof events, mark: LogMark | null) => mark !== null && found?.isFromStart !== false;
    const goesOn = !isUnread(since);
    // Both begin anew together, so that neither is of another start than the other.
    if (goesOn && (isAnew(events, since.events) || isAnew(times, since.times))) return this.#readSince(unread);
    const { problems, ...sorted } = sortEvents(events?.events ?? []);
    const part = {
      ...sorted,
      times: sortTimes(times?.events ?? []),
      problems: [...(events === null ? [`no ${eventFile} yet`] : events.problems), ...problems],
      isFromStart: !goesOn,
      isTorn: events?.isTorn ?? false,
    };
    return { part, marks: { events: events?.mark ?? null, times: times?.mark ?? null } };
  }

  async #log(file: string, since: LogMark | null) {
    const path = await this.#sources.file(this.#source, file);
    return path === null ? null : await readEventsSince(path, since);
  }
}

interface Read {
  readonly part: RunPart;
  readonly marks: Marks;
}

interface Marks {
  readonly events: LogMark | null;
  readonly times: LogMark | null;
}

const unread: Marks = { events: null, times: null };

function isUnread({ events, times }: Marks): boolean {
  return events === null && times === null;
}

function isNews(before: Read, { part, marks }: Read): boolean {
  const { steps, validations, audits, rollouts, times, problems } = part;
  if (isUnread(before.marks)) return !isUnread(marks);
  if (part.isFromStart || part.isTorn !== before.part.isTorn) return true;
  return [steps.step, validations, audits, rollouts, times.step, problems].some(({ length }) => length > 0);
}
