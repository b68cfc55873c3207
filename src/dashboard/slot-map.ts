import { escaped, palette } from "./html.ts";
import type { RobotSlots } from "./slot-share.ts";

/** Of a cell, and how much room names have, in pixels. */
const side = 13;
const names = 84;

/** What the colours of a slot map mean. */
export function slotLegend(): string {
  const key = (fill: string, text: string) => `<span class="key" style="background:${fill}"></span>${escaped(text)}`;
  return [
    key(fillOf(1), "real"),
    key(fillOf(0.5), "real in some rows: the others end before this step"),
    key(padding, "padding"),
  ].join("");
}

/** Slots of one robot in a batch: its action by slot and step, and below it its state, as an inline picture. */
export function slotMap({ dataset, rows, actions, states }: RobotSlots): string {
  const steps = actions[0]?.real.length ?? 0;
  const [width, top] = [names + Math.max(steps, states.length) * side + 4, 22];
  const below = top + actions.length * side + 26;
  const lines = actions.flatMap(({ name, real }, slot) => [
    label(name ?? "–", top + slot * side),
    ...real.map((share, step) => cell(step, top + slot * side, share, `${name ?? "nothing"}, step ${step}`)),
  ]);
  const state = states.map(({ name, real }, slot) => cell(slot, below, real, name ?? "nothing"));
  const title = `${dataset}: what is real of ${rows} rows`;
  return [
    `<svg viewBox="0 0 ${width} ${below + side + 4}" width="${width}" height="${below + side + 4}" role="img" aria-label="${escaped(title)}">`,
    `<text x="${names}" y="12">steps of the action →</text>`,
    ...lines,
    label("state", below),
    ...state,
    "</svg>",
  ].join("\n");
}

function label(text: string, top: number): string {
  return `<text x="${names - 6}" y="${top + side / 2}" text-anchor="end" dominant-baseline="central">${escaped(text)}</text>`;
}

function cell(column: number, top: number, share: number, what: string): string {
  const said = `${what}: ${share === 0 ? "padding" : `real in ${Math.round(100 * share)} % of the rows`}`;
  return `<rect x="${names + column * side}" y="${top}" width="${side - 1}" height="${side - 1}" rx="2" fill="${fillOf(share)}"><title>${escaped(said)}</title></rect>`;
}

const padding = "#e3e7ec";

/** From a light tone, where few rows have the cell, to a full one. */
function fillOf(share: number): string {
  return share === 0 ? padding : `color-mix(in srgb, ${palette[0]} ${Math.round(30 + 70 * share)}%, white)`;
}
