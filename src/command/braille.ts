/** Dots of a character, two beside each other and four below each other. */
export const dots = { across: 2, down: 4 } as const;

/** The first of the 256 characters; a space stands for it, as some fonts draw dots that are not set. @source The Unicode Standard, block "Braille Patterns" */
const first = 0x2800;
/** The bit of each dot, by its place across and down. */
const bits = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/** A picture of dots in characters of text. */
export class BrailleCanvas {
  readonly #columns: number;
  readonly #cells: Uint8Array;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#cells = new Uint8Array(columns * rows);
  }

  /**
   * A straight line between two dots, both among those of the picture.
   *
   * @param from across and down, in whole dots from the upper left
   */
  line([fromX, fromY]: readonly [number, number], [toX, toY]: readonly [number, number]): void {
    const count = Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY), 1);
    for (let at = 0; at <= count; at++) {
      const share = at / count;
      this.#set(Math.round(fromX + share * (toX - fromX)), Math.round(fromY + share * (toY - fromY)));
    }
  }

  /** The rows of text, from the top; each as wide as the picture. */
  rows(): string[] {
    const characters = [...this.#cells].map((cell) => (cell === 0 ? " " : String.fromCodePoint(first + cell)));
    return Array.from({ length: characters.length / this.#columns }, (_, row) =>
      characters.slice(row * this.#columns, (row + 1) * this.#columns).join(""),
    );
  }

  #set(x: number, y: number): void {
    const cell = Math.floor(y / dots.down) * this.#columns + Math.floor(x / dots.across);
    this.#cells[cell]! |= bits[x % dots.across]![y % dots.down]!;
  }
}
