import { lineWidth, type Screen } from "./terminal.ts";

export interface ProgressLineOptions {
  /** What is going on: "train". */
  readonly label: string;
  /** What is counted: "step". */
  readonly unit: string;
  readonly total: number;
  /** Units that were done before this start, as after a resume. */
  readonly done: number;
  /** A clock that never goes back, in milliseconds. */
  readonly now: () => number;
}

export interface ProgressOptions extends ProgressLineOptions {
  readonly screen: Screen;
}

const redrawEveryMs = 100;
const lineEveryMs = 10_000;
// Long enough to average over a slow validation step, short enough to follow a change of load.
const rateWindowMs = 30_000;
// The rate is written longer or shorter from time to time; in steps the bar keeps its width.
const [barStep, widestBar] = [5, 20];

/** How far a long job is, as one line of text. */
export class ProgressLine {
  readonly #options: ProgressLineOptions;
  readonly #startedMs: number;
  #recent: { ms: number; done: number }[];
  #done: number;
  #fields: Readonly<Record<string, string>> = {};

  constructor(options: ProgressLineOptions) {
    this.#options = options;
    this.#done = options.done;
    this.#startedMs = options.now();
    this.#recent = [{ ms: this.#startedMs, done: options.done }];
  }

  /** @param fields shown after the rate, in the given order: `{ loss: "0.412", wait: "1%" }` */
  update(done: number, fields: Readonly<Record<string, string>>): void {
    const ms = this.#options.now();
    this.#done = done;
    this.#fields = fields;
    this.#recent.push({ ms, done });
    while (this.#recent.length > 2 && ms - this.#recent[0]!.ms > rateWindowMs) this.#recent.shift();
  }

  /** Forgets how fast it went up to now. */
  restartRate(): void {
    this.#recent = [{ ms: this.#options.now(), done: this.#done }];
  }

  /**
   * The line while the job goes on.
   *
   * @param room in characters, which a bar fills and no line exceeds; `null` for a line without a bar
   */
  going(room: number | null): string {
    const { total, unit } = this.#options;
    const rate = this.#ratePerSecond();
    const timing =
      rate === undefined ? [] : [`${significant(rate)} ${unit}/s`, `${clock((total - this.#done) / rate)} left`];
    return this.#line(room, timing);
  }

  /** The line at its end, with the time that all took. */
  done(room: number | null): string {
    return this.#line(room, [`took ${clock((this.#options.now() - this.#startedMs) / 1000)}`]);
  }

  #line(room: number | null, timing: readonly string[]): string {
    const { label, total } = this.#options;
    const fraction = total > 0 ? Math.min(this.#done / total, 1) : 1;
    const custom = Object.entries(this.#fields).map(([name, value]) => `${name} ${value}`);
    const rest = [`${this.#done}/${total}`, `${Math.floor(fraction * 100)}%`, ...timing, ...custom];
    const plain = [label, ...rest].join("  ");
    if (room === null) return plain;
    const left = room - plain.length - 2;
    if (left < barStep) return plain.length <= room ? plain : plain.replace(/ {2}[^ ]+ [^ ]+\/s/, "").slice(0, room);
    const width = Math.min(widestBar, left - (left % barStep));
    const filled = Math.floor(fraction * width);
    return [label, "█".repeat(filled) + "░".repeat(width - filled), ...rest].join("  ");
  }

  #ratePerSecond(): number | undefined {
    const first = this.#recent[0]!;
    const last = this.#recent.at(-1)!;
    if (last.ms <= first.ms || last.done <= first.done) return undefined;
    return ((last.done - first.done) / (last.ms - first.ms)) * 1000;
  }
}

/** Draws how far a long job is: a bar redrawn in place on a terminal, else a line every ten seconds. */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #text: ProgressLine;
  #drawnMs: number;
  #isDrawn = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#text = new ProgressLine(options);
    this.#drawnMs = options.now();
  }

  /**
   * Takes note of what is done by now, and draws it if the last drawing is old enough.
   *
   * @param fields shown after the rate, in the given order: `{ loss: "0.412", wait: "1%" }`
   */
  update(done: number, fields: Readonly<Record<string, string>>): void {
    this.#text.update(done, fields);
    const ms = this.#options.now();
    const everyMs = this.#options.screen.isTTY ? redrawEveryMs : lineEveryMs;
    if (ms - this.#drawnMs < everyMs) return;
    this.#drawnMs = ms;
    this.#draw();
  }

  /** Prints a line of its own without breaking the bar. */
  note(text: string): void {
    const { screen } = this.#options;
    screen.write(this.#isDrawn ? `\r\u001b[K${text}\n` : `${text}\n`);
    if (this.#isDrawn) this.#draw();
  }

  /** Takes a drawn bar away; the next update draws it again. */
  hide(): void {
    if (this.#isDrawn) this.#options.screen.write("\r\u001b[K");
    this.#isDrawn = false;
  }

  /** Forgets how fast it went up to now. */
  restartRate(): void {
    this.#text.restartRate();
  }

  /** Draws the last state with the time that all took, and ends the line. */
  finish(): void {
    const { screen } = this.#options;
    const text = this.#text.done(this.#room());
    screen.write(screen.isTTY ? `\r${text}\u001b[K\n` : `${text}\n`);
    this.#isDrawn = false;
  }

  #draw(): void {
    const { screen } = this.#options;
    const text = this.#text.going(this.#room());
    screen.write(screen.isTTY ? `\r${text}\u001b[K` : `${text}\n`);
    this.#isDrawn = screen.isTTY === true;
  }

  /** A narrow terminal has a shorter bar, and a line that wraps cannot be redrawn in place. */
  #room(): number | null {
    const width = lineWidth(this.#options.screen);
    return width === null ? null : width - 1;
  }
}

/** Hours, minutes and seconds, rounded to whole seconds: `1:02:03`, `0:07`. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${hours > 0 ? String(minutes).padStart(2, "0") : minutes}:${String(rest).padStart(2, "0")}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

/** A share as people read it: `62.5 %`. */
export function percent(share: number): string {
  return `${significant(100 * share)} %`;
}

/** Three significant digits without an exponent: `0.0312`, `3.21`, `12300`. */
export function significant(value: number): string {
  return String(Number(value.toPrecision(3)));
}
