import { Writable } from "node:stream";

/** What programs write to a terminal beside text: the cursor up, clearing to the end of the line or the screen, colours; each behind an escape. */
const control = /\[(\d*)([A-Za-z])/y;

/** A row, and whether the text went on in the next as there was no room. */
interface Row {
  text: string;
  isWrapped: boolean;
}

/** A terminal of some size that understands what this program writes, wraps long lines anew when it is resized, and scrolls. */
export class FakeTerminal extends Writable {
  readonly isTTY = true;
  columns: number;
  rows: number;
  /** Times that something was written. */
  writes = 0;
  /** All rows, of which the last fill the screen. */
  #rows: Row[] = [{ text: "", isWrapped: false }];
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
  }

  /** Without colours. */
  getColorDepth(): number {
    return 1;
  }

  override _write(text: string, _encoding: string, done: () => void): void {
    this.writes++;
    for (let at = 0; at < text.length; ) at += this.#take(text, at);
    done();
  }

  /** What can be seen, with what has scrolled away above it; without the empty end. */
  get shown(): string[] {
    const rows = this.#rows.map(({ text }) => text.trimEnd());
    while (rows.at(-1) === "") rows.pop();
    return rows;
  }

  /** Whether the next text would begin a line. */
  get isAtLineStart(): boolean {
    return this.#column === 0 && this.#row === this.#rows.length - 1;
  }

  resize(columns: number, rows: number): void {
    [this.columns, this.rows] = [columns, rows];
    const lines: string[] = [""];
    for (const { text, isWrapped } of this.#rows) {
      lines.push(`${lines.pop()}${text}`);
      if (!isWrapped) lines.push("");
    }
    lines.pop();
    this.#rows = lines.flatMap((line) => {
      const parts = line.match(new RegExp(`.{1,${columns}}`, "gu")) ?? [""];
      return parts.map((text, at) => ({ text, isWrapped: at < parts.length - 1 }));
    });
    this.#row = this.#rows.length - 1;
    this.#column = this.#rows[this.#row]!.text.length;
    this.emit("resize");
  }

  /** @returns how many characters were understood */
  #take(text: string, at: number): number {
    const character = text[at]!;
    if (character === "\n") this.#nextRow(false);
    else if (character === "\r") this.#column = 0;
    else if (character === "\u001b") return this.#control(text, at);
    else this.#print(character);
    return 1;
  }

  #print(character: string): void {
    if (this.#column === this.columns) this.#nextRow(true);
    const row = this.#rows[this.#row]!;
    row.text = row.text.slice(0, this.#column).padEnd(this.#column) + character + row.text.slice(this.#column + 1);
    this.#column++;
  }

  #nextRow(isWrapped: boolean): void {
    this.#rows[this.#row]!.isWrapped = isWrapped;
    this.#row++;
    this.#column = 0;
    if (this.#row === this.#rows.length) this.#rows.push({ text: "", isWrapped: false });
  }

  #control(text: string, at: number): number {
    control.lastIndex = at + 1;
    const [whole, count, kind] = control.exec(text) ?? [];
    if (whole === undefined)
      throw new RangeError(`FakeTerminal: expected a control sequence, got ${text.slice(at, at + 8)}`);
    if (kind === "A") this.#row = Math.max(this.#row - Number(count), this.#rows.length - this.rows, 0);
    else if (kind === "K" || kind === "J") this.#clear(kind);
    else if (kind !== "m") throw new RangeError(`FakeTerminal: expected A, K, J or m, got ${kind}`);
    return 1 + whole.length;
  }

  #clear(kind: "K" | "J"): void {
    const row = this.#rows[this.#row]!;
    row.text = row.text.slice(0, this.#column);
    row.isWrapped = false;
    // What is cleared below stays a row of the screen, as it does on a terminal.
    if (kind === "J")
      for (const below of this.#rows.slice(this.#row + 1)) Object.assign(below, { text: "", isWrapped: false });
  }
}
