import { logTicks } from "./chart/ticks.ts";
import { escaped, palette } from "./html.ts";

/** A value over the steps of a run. */
export interface Curve {
  readonly name: string;
  readonly points: readonly { readonly step: number; readonly value: number }[];
  /** Measured at a few steps, which are marked, or at every step, which is drawn pale behind the others. */
  readonly kind: "marked" | "pale";
}

const [width, height] = [720, 320];
const margin = { left: 48, right: 150, top: 12, bottom: 40 } as const;

/**
 * Curves of positive values over steps, as an inline picture; the values' scale is logarithmic.
 *
 * @throws RangeError if a value is not positive or no curve has a point
 */
export function curveChart(curves: readonly Curve[], title: string): string {
  const points = curves.flatMap((curve) => curve.points);
  if (points.length === 0 || points.some(({ value }) => !(value > 0 && Number.isFinite(value))))
    throw new RangeError(`curveChart: expected positive values of ${title}, got ${points.map((point) => point.value)}`);
  const values = points.map(({ value }) => value);
  const scale = {
    low: Math.min(...values),
    high: Math.max(...values),
    steps: Math.max(1, ...points.map(({ step }) => step)),
  };
  const marked = curves.filter(({ kind }) => kind === "marked");
  const colourOf = (curve: Curve) =>
    curve.kind === "pale" ? "#c3cad3" : palette[marked.indexOf(curve) % palette.length]!;
  // What is drawn later lies above.
  const order = [...curves].sort((one, other) => Number(one.kind === "marked") - Number(other.kind === "marked"));
  const drawn = order.map((curve) => line(curve, colourOf(curve), scale));
  return [
    `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    ...grid(scale),
    ...drawn,
    ...labels(curves, colourOf, scale),
    "</svg>",
  ].join("\n");
}

interface Scale {
  readonly low: number;
  readonly high: number;
  readonly steps: number;
}

function across(step: number, { steps }: Scale): number {
  return margin.left + (step / steps) * (width - margin.left - margin.right);
}

function down(value: number, { low, high }: Scale): number {
  const share = high > low ? Math.log(value / low) / Math.log(high / low) : 0.5;
  return height - margin.bottom - share * (height - margin.top - margin.bottom);
}

function line({ points, kind }: Curve, colour: string, scale: Scale): string {
  const places = points.map(({ step, value }) => `${across(step, scale).toFixed(1)},${down(value, scale).toFixed(1)}`);
  const path = `<polyline points="${places.join(" ")}" fill="none" stroke="${colour}" stroke-width="${kind === "pale" ? 1 : 2}" stroke-linejoin="round"/>`;
  if (kind === "pale") return path;
  const dots = places.map((place) => {
    const [x, y] = place.split(",");
    return `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`;
  });
  return [path, ...dots].join("");
}

function grid(scale: Scale): string[] {
  const right = width - margin.right;
  const rows = logTicks(scale.low, scale.high).map((value) => {
    const y = down(value, scale).toFixed(1);
    return `<line x1="${margin.left}" x2="${right}" y1="${y}" y2="${y}" stroke="#e3e7ec"/><text x="${margin.left - 8}" y="${y}" text-anchor="end" dominant-baseline="middle">${Number(value.toPrecision(12))}</text>`;
  });
  const columns = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const step = Math.round(share * scale.steps);
    return `<text x="${across(step, scale).toFixed(1)}" y="${height - margin.bottom + 18}" text-anchor="middle">${step}</text>`;
  });
  const title = `<text x="${(margin.left + right) / 2}" y="${height - 4}" text-anchor="middle">step</text>`;
  return [...rows, ...columns, title];
}

/** Names beside the ends of the curves, as far apart as text is high. */
function labels(curves: readonly Curve[], colourOf: (curve: Curve) => string, scale: Scale): string[] {
  const ends = curves.flatMap((curve) => {
    const last = curve.points.at(-1);
    return last === undefined ? [] : [{ curve, y: down(last.value, scale) }];
  });
  ends.sort((one, other) => one.y - other.y);
  let above = margin.top - 8;
  const placed = ends.map(({ curve, y }) => {
    above = Math.max(y, above + 16);
    return { curve, y: above };
  });
  // Where they were pushed past the lower end, all move up as much.
  const over = Math.max(0, above - (height - margin.bottom));
  return placed.map(({ curve, y }) => {
    const colour = curve.kind === "pale" ? "#8a95a3" : colourOf(curve);
    return `<text x="${width - margin.right + 10}" y="${(y - over).toFixed(1)}" dominant-baseline="middle" style="fill:${colour}">${escaped(curve.name)}</text>`;
  });
}
