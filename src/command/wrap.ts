/**
 * Words on as many lines as a screen needs; a word that is wider than the screen stands alone.
 *
 * @param columns of the screen; `null` where it is none: one line
 * @param indent before every line after the first
 */
export function wrap(text: string, columns: number | null, indent: string): string {
  if (columns === null) return text;
  const lines: string[] = [];
  let line = /^ */.exec(text)?.[0] ?? "";
  let isEmpty = true;
  for (const word of text.trim().split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join("\n");
}
