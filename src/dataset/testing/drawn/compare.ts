import type { Dataset } from "../../dataset.ts";
import { loadLibav } from "../../libav.ts";
import { FfmpegReader } from "../../read/ffmpeg-reader.ts";
import { LibavReader } from "../../read/libav-reader.ts";
import { openDatasetWith } from "../../read/open.ts";
import type { PictureReader } from "../../read/picture-reader.ts";
import { inspectDataset } from "../../read/validate.ts";
import { comparePictures, type Order, ordersOf } from "./compare-pictures.ts";
import { compareTables } from "./compare-tables.ts";
import { Dice } from "./dice.ts";
import type { DrawnDataset } from "./drawn-dataset.ts";
import { type Expected, expectedOf } from "./expected.ts";
import { asRefusal, type Drawing, refusalDefects } from "./refusal.ts";

/** How much the program `ffmpeg`, which is started for every clip, has to decode; "nothing" where it is not installed. */
export type FfmpegShare = "nothing" | "one clip" | "every clip";

/**
 * Reads a drawn dataset that has been written; it needs node-av.
 *
 * @returns what is read otherwise than it was drawn, or not refused as it has to be; empty where all is well
 */
export async function compareWritten(root: string, drawn: DrawnDataset, ffmpeg: FfmpegShare): Promise<string[]> {
  const libav = await loadLibav();
  if (libav === null) throw new Error("compareWritten: expected node-av, got none");
  const drawing = { drawn, expected: expectedOf(drawn) };
  const { inOrder, atRandom, oneClip, eachClip } = ordersOf(drawing);
  // Few open files, so that some are opened again.
  const both = { name: "node-av", reader: new LibavReader(libav, 2), orders: [inOrder, atRandom] };
  const found = [...(await compareInspection(root, drawing)), ...(await compareReader(root, drawing, both))];
  if (ffmpeg === "nothing" || found.length > 0) return found;
  const orders = [ffmpeg === "one clip" ? oneClip : eachClip];
  return await compareReader(root, drawing, { name: "ffmpeg", reader: new FfmpegReader(), orders });
}

async function compareReader(
  root: string,
  { drawn, expected }: Drawing,
  how: { readonly name: string; readonly reader: PictureReader; readonly orders: readonly Order[] },
): Promise<string[]> {
  const pictureMemoryBytes = new Dice(drawn.seed, "memory").pick([0, 1 << 24]);
  const choice = { name: "drawn", episodes: "all", taskAnnotation: "declared", pictureMemoryBytes } as const;
  const opened = await openDatasetWith(root, choice, how.reader).catch((error: unknown) => asRefusal(error));
  if (typeof opened === "string" || expected.opening !== null) {
    how.reader.close();
    return refusalDefects("the dataset", typeof opened === "string" ? opened : null, expected.opening);
  }
  try {
    const found = [
      ...compareEpisodes(opened, { drawn, expected }),
      ...(await compareTables(opened, { drawn, expected })),
    ];
    found.push(...(await compareFilms(opened, expected)));
    for (const order of how.orders) found.push(...(await comparePictures(opened, { drawn, expected }, order)));
    return found.map((each) => `${how.name}: ${each}`);
  } finally {
    await opened.close();
  }
}

function compareEpisodes({ episodes }: Dataset, { drawn, expected }: Drawing): string[] {
  const drawnEpisodes = drawn.episodes.filter(({ index, isListed }) => isListed && !expected.leftOut.has(index));
  const said = (all: readonly { index: number; length: number }[]) =>
    all.map((each) => `${each.index} (${each.length})`).join();
  const [wanted, got] = [said(drawnEpisodes), said(episodes)];
  return wanted === got ? [] : [`expected episodes ${wanted}, got ${got}`];
}

/** What is said before the first picture is decoded: each film that is refused, and no other. */
async function compareFilms(dataset: Dataset, { films, uncertain }: Expected): Promise<string[]> {
  const { problems } = await dataset.compareFilms(dataset.cameras);
  const said = problems.map(({ path, message }) => `${path}: ${message}`);
  // Rows that are refused cannot say which pictures are theirs, and may be those that have to.
  if (films.size === 0)
    return uncertain.size > 0 ? [] : said.map((each) => `expected films that are read, got ${each}`);
  return [...films].flatMap(([key, words]) =>
    said.some((each) => words.every((word) => each.includes(word)))
      ? []
      : [`expected a problem of ${key} with ${words.join(" … ")}, got ${said.join("; ") || "none"}`],
  );
}

/** `inspect` has a problem where there is a fault, and none otherwise. */
async function compareInspection(root: string, { drawn, expected }: Drawing): Promise<string[]> {
  const { fault } = drawn;
  const { uncertain } = expected;
  const { problems } = await inspectDataset(root, "drawn", () => {}, "ends");
  const said = problems.map(({ path, message }) => `${path}: ${message}`).join("; ");
  if (fault === null && uncertain.size === 0 && said !== "") return [`inspect: expected no problem, got ${said}`];
  return fault !== null && said === "" ? [`inspect: expected a problem of "${fault}", got none`] : [];
}
