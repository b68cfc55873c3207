/** Samples of a page in Prometheus' text format, by name and labels as they are written. */
export type Samples = ReadonlyMap<string, number>;

const nameForm = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const labelForm = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const sampleForm = new RegExp(
  `^(${nameForm})(\\{${labelForm}(?:,${labelForm})*\\})? (NaN|[+-]Inf|-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)$`,
);
const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: [""],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count"],
};

/**
 * Reads a page strictly: one group of lines for each metric, its HELP and its TYPE first; no sample twice; buckets that grow up to +Inf,
 * which is the count.
 *
 * @throws Error at the first line that is otherwise
 * @source https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function readPage(text: string): Samples {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const samples = new Map<string, number>();
  const seen = new Set<string>();
  let [metric, type] = ["", ""];
  for (const line of text.slice(0, -1).split("\n")) {
    const help = new RegExp(`^# HELP (${nameForm}) \\S.*$`).exec(line);
    const kind = new RegExp(`^# TYPE (${nameForm}) (counter|gauge|histogram)$`).exec(line);
    if (help !== null) {
      if (seen.has(help[1]!)) throw new Error(`twice: ${line}`);
      seen.add(help[1]!);
      [metric, type] = [help[1]!, ""];
    } else if (kind !== null) {
      if (kind[1] !== metric || type !== "") throw new Error(`out of place: ${line}`);
      type = kind[2]!;
      if (type === "counter" && !metric.endsWith("_total")) throw new Error(`no total: ${line}`);
    } else {
      const [, name, labels = "", value] = sampleForm.exec(line) ?? [];
      if (name === undefined || !(suffixes[type] ?? []).some((suffix) => name === metric + suffix))
        throw new Error(`no sample of ${metric}: ${line}`);
      if (samples.has(name + labels)) throw new Error(`twice: ${line}`);
      samples.set(name + labels, Number(value));
    }
  }
  checkBuckets(samples);
  return samples;
}

function checkBuckets(samples: Samples): void {
  const last = new Map<string, { le: number; count: number }>();
  for (const [key, count] of samples) {
    const found = /^(\w+)_bucket\{(.*?),?le="([^"]+)"\}$/.exec(key);
    if (found === null) continue;
    const series = `${found[1]}_count${found[2] === "" ? "" : `{${found[2]}}`}`;
    const le = found[3] === "+Inf" ? Number.POSITIVE_INFINITY : Number(found[3]);
    const before = last.get(series) ?? { le: Number.NEGATIVE_INFINITY, count: 0 };
    if (!(le > before.le) || count < before.count) throw new Error(`buckets that do not grow: ${key}`);
    last.set(series, { le, count });
  }
  for (const [series, { le, count }] of last)
    if (le !== Number.POSITIVE_INFINITY || samples.get(series) !== count) throw new Error(`no whole count: ${series}`);
}
