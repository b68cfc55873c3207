import { csvOf, type Line, valueAt } from "../../chart/line.ts";
import { brief } from "./number.ts";
import { colourName, colourOf } from "./palette.ts";

/** Every step of the lines, however few are drawn. */
export function downloadCsv(title: string, lines: readonly Line[]): void {
  save(new Blob([csvOf(lines)], { type: "text/csv" }), `${fileName(title)}.csv`);
}

/** The picture as it is drawn, with its title and its lines' last values. */
export function downloadPng(title: string, lines: readonly Line[], drawn: HTMLCanvasElement): void {
  const canvas = document.createElement("canvas");
  const pixel = devicePixelRatio;
  const head = 34 * pixel;
  const row = 20 * pixel;
  canvas.width = drawn.width;
  canvas.height = head + drawn.height + row * lines.length + 8 * pixel;
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.fillStyle = colourOf("--ground");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = colourOf("--ink");
  context.font = `600 ${15 * pixel}px system-ui, sans-serif`;
  context.fillText(title, 12 * pixel, 22 * pixel);
  context.drawImage(drawn, 0, head);
  context.font = `${12 * pixel}px system-ui, sans-serif`;
  for (const [at, line] of lines.entries()) {
    const y = head + drawn.height + row * (at + 0.7);
    context.fillStyle = colourOf(colourName(line.colour));
    context.fillRect(12 * pixel, y - 9 * pixel, 10 * pixel, 10 * pixel);
    context.fillStyle = colourOf("--ink");
    const last = valueAt(line, Number.POSITIVE_INFINITY)?.value ?? null;
    context.fillText(`${line.name}   ${brief(last)}`, 28 * pixel, y);
  }
  canvas.toBlob((blob) => blob !== null && save(blob, `${fileName(title)}.png`), "image/png");
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken what it names by the next turn.
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function fileName(title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}
