import { stripVTControlCharacters } from "node:util";
import type { Screen } from "./terminal.ts";

/** How much lines may fill. */
export interface Room {
  /** Characters of a line. */
  readonly columns: number;
  readonly rows: number;
}

const clearToEnd = "\u001b[J";
const clearLine = "\u001b[K";

/**
 * Lines at the end of a terminal that are redrawn in place; what is noted goes above them.
 *
 * One write draws all, each line over what stood there, so that nothing flickers. They keep clear of the last column and of one row,
 * where a terminal would wrap or scroll by itself.
 */
export class LiveRegion {
  readonly #screen: Screen;
  readonly #content: (room: Room) => readonly string[];
  /** Characters of each line that stands on the screen. */
  #widths: readonly number[] = [];
  #isHeard = false;

  /** @param content the lines as they are now, no more than there is room for */
  constructor(screen: Screen, content: (room: Room) => readonly string[]) {
    this.#screen = screen;
    this.#content = content;
  }

  draw(): void {
    this.#screen.write(`${this.#toStart()}${this.#lines()}`);
    this.#listen(true);
  }

  /** Prints a line of its own above the others. */
  note(text: string): void {
    if (this.#widths.length === 0) this.#screen.write(`${text}\n`);
    else this.#screen.write(`${this.#toStart()}${clearToEnd}${text}\n${this.#lines()}`);
  }

  /** Takes the lines away. */
  hide(): void {
    if (this.#widths.length > 0) this.#screen.write(`${this.#toStart()}${clearToEnd}`);
    this.#widths = [];
    this.#listen(false);
  }

  /** Draws them a last time, and leaves them where they stand. */
  finish(): void {
    this.#screen.write(`${this.#toStart()}${this.#lines()}\n`);
    this.#widths = [];
    this.#listen(false);
  }

  /** Moves to the start of the first line. A terminal that has become narrower has wrapped its lines. */
  #toStart(): string {
    const { columns, rows } = sizeOf(this.#screen);
    const wrapped = this.#widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    const up = Math.min(wrapped, rows) - 1;
    return up > 0 ? `\u001b[${up}A\r` : "\r";
  }

  #lines(): string {
    const { columns, rows } = sizeOf(this.#screen);
    const lines = this.#content({ columns: columns - 1, rows: rows - 1 });
    this.#widths = lines.map((line) => stripVTControlCharacters(line).length);
    return `${lines.map((line) => `${line}${clearLine}`).join("\n")}${clearToEnd}`;
  }

  #listen(isHeard: boolean): void {
    if (this.#isHeard === isHeard) return;
    this.#isHeard = isHeard;
    if (isHeard) this.#screen.on("resize", this.#resized);
    else this.#screen.off("resize", this.#resized);
  }

  readonly #resized = () => this.draw();
}

/** A terminal that does not know its size says 0, or nothing. */
function sizeOf({ columns, rows }: Screen) {
  return { columns: columns || 80, rows: rows || 24 };
}
