import { describe, expect, it } from "vitest";
import { Counter, gaugeLines, Histogram } from "./prometheus.ts";
import { readPage } from "./testing/prometheus-page.ts";

describe("samples for Prometheus", () => {
  it("are counters by labels, known ones from 0 on", () => {
    const counter = new Counter([{ kind: "stale" }]);
    counter.add({ kind: "limit" }, 2);
    counter.add({ kind: "limit" }, 3);
    expect(counter.lines("errors_total", "Errors.")).toEqual([
      "# HELP errors_total Errors.",
      "# TYPE errors_total counter",
      'errors_total{kind="stale"} 0',
      'errors_total{kind="limit"} 5',
    ]);
  });

  it("are histograms whose buckets count all that is at most their bound", () => {
    const histogram = new Histogram("stage", ["policy"], [0.25, 0.5]);
    for (const value of [0.125, 0.25, 0.375, 4]) histogram.observe("policy", value);
    expect(histogram.lines("took_seconds", "Time.")).toEqual([
      "# HELP took_seconds Time.",
      "# TYPE took_seconds histogram",
      'took_seconds_bucket{stage="policy",le="0.25"} 2',
      'took_seconds_bucket{stage="policy",le="0.5"} 3',
      'took_seconds_bucket{stage="policy",le="+Inf"} 4',
      'took_seconds_sum{stage="policy"} 4.75',
      'took_seconds_count{stage="policy"} 4',
    ]);
  });

  it("keep labels whole that hold quotes, backslashes and line ends", () => {
    const counter = new Counter([{ dof: 'a"b\\c\nd' }]);
    const text = `${counter.lines("clamped_total", "Clamped.").join("\n")}\n`;
    expect([...readPage(text).keys()]).toEqual(['clamped_total{dof="a\\"b\\\\c\\nd"}']);
  });

  it("are gauges without labels", () => {
    expect(gaugeLines("sessions", "Open.", 3).at(-1)).toBe("sessions 3");
  });
});

describe("the reader of these tests", () => {
  const head = "# HELP a_total A.\n# TYPE a_total counter\n";

  it("takes no page that Prometheus would not", () => {
    expect(readPage(`${head}a_total 1\n`).get("a_total")).toBe(1);
    for (const page of [`${head}a_total 1`, `${head}a_total 1\na_total 2\n`, `${head}b_total 1\n`, "a_total 1\n"])
      expect(() => readPage(page), page).toThrow();
    for (const line of ['a_total{b="c}', "a_total{b=c} 1", "a_total one", "a_total  1", 'a_total{b="\\x"} 1'])
      expect(() => readPage(`${head}${line}\n`), line).toThrow();
    const buckets = (first: number, count: number) =>
      `# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} ${first}\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count ${count}\n`;
    expect(() => readPage(buckets(1, 2))).not.toThrow();
    expect(() => readPage(buckets(3, 2))).toThrow(/do not grow/);
    expect(() => readPage(buckets(1, 3))).toThrow(/no whole count/);
  });
});
