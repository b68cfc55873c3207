import type { CommandOutcome } from "../src/command/definition.ts";
import { table } from "../src/command/table.ts";
import type { Terminal } from "../src/command/terminal.ts";
import { type DatasetResult, type LoaderOptions, loaderDatasets, measureLoading } from "./loader.ts";
import { type Measured, ratioTo, type Turns } from "./turns.ts";

export type LoaderBench = Omit<LoaderOptions, "screen">;

/** Samples per second of each dataset, our loader beside LeRobot's. */
export async function benchLoader(options: LoaderBench, terminal: Terminal): Promise<CommandOutcome> {
  const results: DatasetResult[] = [];
  for (const dataset of await loaderDatasets(options.data))
    results.push(await measureLoading(dataset, { ...options, screen: terminal.err }));
  const rows = results.flatMap(rowsOf);
  const { workers, rounds, python } = options;
  return {
    status: 0,
    json: { workers, rounds, rows, shares: results.map(sharesOf), comparisons: results.map(comparisonOf) },
    text: [
      speedTable(rows),
      shareTable(results),
      ...results.flatMap(comparisonLine),
      ...(python === null ? ["The loader alone: give --python to compare with LeRobot."] : []),
    ].join("\n\n"),
  };
}

interface Row {
  readonly dataset: string;
  readonly name: string;
  readonly samplesPerSecond: number;
  readonly fastest: number;
  /** Processor time of one sample. */
  readonly processorMs: number | null;
  /** How many times as fast as LeRobot, by the clock and by the processor: medians over rounds. */
  readonly ratio: number | null;
  readonly processorRatio: number | null;
}

function rowsOf({ dataset, measured }: DatasetResult): Row[] {
  const other = measured.find(({ name }) => name === "LeRobot");
  const ratio = (theirs: Measured | null | undefined, own: Measured | null) =>
    theirs == null || own === null ? null : 1 / ratioTo(theirs, own);
  return measured.map((own: Turns) => ({
    dataset,
    name: own.name,
    samplesPerSecond: 1000 / own.medianMs,
    fastest: 1000 / Math.min(...own.timesMs),
    processorMs: own.processor?.medianMs ?? null,
    ratio: ratio(other, own),
    processorRatio: ratio(other?.processor, own.processor),
  }));
}

function sharesOf({ dataset, shares }: DatasetResult) {
  return { dataset, msPerSample: shares };
}

function comparisonOf({ dataset, comparison }: DatasetResult) {
  return { dataset, comparison };
}

function speedTable(rows: readonly Row[]): string {
  return table(
    [
      { title: "loading", align: "left" },
      { title: "by", align: "left" },
      { title: "samples/s, median", align: "right" },
      { title: "fastest", align: "right" },
      { title: "times LeRobot", align: "right" },
      { title: "processor ms", align: "right" },
      { title: "LeRobot's, times ours", align: "right" },
    ],
    rows.map(({ dataset, name, samplesPerSecond, fastest, ratio, processorMs, processorRatio }) => [
      dataset,
      name,
      samplesPerSecond.toFixed(0),
      fastest.toFixed(0),
      ...[ratio, processorMs, processorRatio].map((value) => value?.toFixed(2) ?? "–"),
    ]),
  );
}

function shareTable(results: readonly DatasetResult[]): string {
  return table(
    [
      { title: "one sample, one thread", align: "left" },
      { title: "by", align: "left" },
      { title: "decode and resize ms", align: "right" },
      { title: "rest ms", align: "right" },
    ],
    results.flatMap(({ dataset, shares }) =>
      Object.entries(shares).map(([name, { pictures, rest }]) => [dataset, name, pictures.toFixed(2), rest.toFixed(2)]),
    ),
  );
}

function comparisonLine({ dataset, comparison }: DatasetResult): string[] {
  if (comparison === null) return [];
  const { samples, meanPixelDifference, largestSquareDifference, largestNumberDifference } = comparison;
  return [
    `${dataset}: ${samples} samples compared: pixels differ by ${meanPixelDifference.toFixed(2)} of 255 on average, ` +
      `means of 8 x 8 pixels by ${largestSquareDifference.toFixed(2)} at most, states and actions by ${largestNumberDifference}.`,
  ];
}
