/** Labels of a sample, by name. */
export type Labels = Readonly<Record<string, string>>;

/** A number that only grows, for each set of labels. */
export class Counter {
  readonly #counts = new Map<string, number>();

  /** Sets of labels are told from the first on, with 0. */
  constructor(known: readonly Labels[]) {
    for (const labels of known) this.add(labels, 0);
  }

  add(labels: Labels, more: number): void {
    const key = labelText(labels);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + more);
  }

  /** As text under a name that ends in `_total`. */
  lines(name: string, help: string): string[] {
    return [...head(name, help, "counter"), ...[...this.#counts].map(([labels, count]) => `${name}${labels} ${count}`)];
  }
}

/** How many observations are at most so large, by bound and label. */
export class Histogram {
  readonly #label: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { readonly counts: number[]; sum: number; all: number }>();

  /** @param bounds inclusive upper ones, growing @param values of its label that are told from the first on */
  constructor(label: string, values: readonly string[], bounds: readonly number[]) {
    this.#label = label;
    this.#bounds = bounds;
    for (const value of values) this.#of(value);
  }

  observe(labelled: string, value: number): void {
    const series = this.#of(labelled);
    for (const [at, bound] of this.#bounds.entries()) if (value <= bound) series.counts[at]!++;
    series.sum += value;
    series.all++;
  }

  lines(name: string, help: string): string[] {
    const samples = [...this.#series].flatMap(([value, { counts, sum, all }]) => {
      const own = labelText({ [this.#label]: value });
      const bucket = (le: string) => `${name}_bucket${labelText({ [this.#label]: value, le })}`;
      return [
        ...this.#bounds.map((bound, at) => `${bucket(String(bound))} ${counts[at]}`),
        `${bucket("+Inf")} ${all}`,
        `${name}_sum${own} ${sum}`,
        `${name}_count${own} ${all}`,
      ];
    });
    return [...head(name, help, "histogram"), ...samples];
  }

  #of(value: string) {
    const series = this.#series.get(value) ?? { counts: this.#bounds.map(() => 0), sum: 0, all: 0 };
    this.#series.set(value, series);
    return series;
  }
}

/** A number as it is. */
export function gaugeLines(name: string, help: string, value: number): string[] {
  return [...head(name, help, "gauge"), `${name} ${value}`];
}

/** What a page of samples is called. @source Prometheus, "Text-based format", version 0.0.4 */
export const prometheusType = "text/plain; version=0.0.4; charset=utf-8";

function head(name: string, help: string, type: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
