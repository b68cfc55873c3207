import type { Dataset, Fit, Picture } from "../../dataset.ts";
import { Dice } from "./dice.ts";
import { type DrawnCamera, type DrawnEpisode, numberIn } from "./drawn-dataset.ts";
import { readPicture, type Shown } from "./numbered-picture.ts";
import { asRefusal, type Drawing, filmWords, refusalDefects } from "./refusal.ts";
import { storedNumber } from "./rows.ts";

/** A picture that is asked for. */
interface Question {
  readonly camera: DrawnCamera;
  readonly episode: DrawnEpisode;
  readonly row: number;
}

/** Pictures in the order in which they are asked for. */
export type Order = readonly Question[];

/** Orders in which the pictures of a dataset are asked for: those of episodes whose rows are refused are not. */
export function ordersOf({ drawn, expected: { tables, uncertain, leftOut } }: Drawing) {
  const isAsked = ({ index, isListed }: DrawnEpisode) =>
    isListed && !tables.has(index) && !uncertain.has(index) && !leftOut.has(index);
  const episodes = drawn.episodes.filter(isAsked);
  const clips = drawn.cameras.flatMap((camera) =>
    episodes.map((episode) => Array.from({ length: episode.length }, (_, row): Question => ({ camera, episode, row }))),
  );
  const dice = new Dice(drawn.seed, "orders");
  const inOrder = clips.flat();
  const atRandom = dice.shuffled(inOrder);
  // A program for each still picture: three of an episode.
  const forProgram = (clip: Order) => dice.shuffled(clip).slice(0, clip[0]?.camera.kind === "film" ? clip.length : 3);
  const eachClip = clips.flatMap(forProgram);
  const oneClip = dice.shuffled(clips).slice(0, 1).flatMap(forProgram);
  return { inOrder, atRandom, eachClip, oneClip };
}

const native: Fit = { height: 4096, width: 4096 };

/** What is shown otherwise. */
export async function comparePictures(dataset: Dataset, { drawn, expected }: Drawing, order: Order): Promise<string[]> {
  const found: string[] = [];
  const isSmall = new Dice(drawn.seed, "fit").happens(0.4);
  for (const { camera, episode, row } of order) {
    const what = `${camera.key} of episode ${episode.index} at row ${row}`;
    const size = uprightSize(camera);
    const fit = isSmall ? { height: Math.floor(size.height * 0.75), width: size.width } : native;
    const words = filmWords(expected, episode.index, camera.key);
    const shown = await dataset
      .picture(camera.key, episode.index, row, fit)
      .catch((error: unknown) => asRefusal(error));
    found.push(...refusalDefects(what, typeof shown === "string" ? shown : null, words));
    if (typeof shown === "string" || words !== null) continue;
    const wanted = shownAt({ camera, episode, row });
    const got = readPicture(shown, quarterTurnsOf(camera));
    if (got.number !== wanted.number || got.tint !== wanted.tint)
      found.push(`${what}: expected picture ${wanted.number} in tint ${wanted.tint}, got ${got.number} in ${got.tint}`);
    found.push(...sizeDefects(what, shown, isSmall ? { height: fit.height, width: null } : size));
  }
  return found;
}

function shownAt({ camera, episode, row }: Question): Shown {
  const { tint, films } = camera;
  for (const film of films) {
    const clip = film.clips.find((each) => each.episode === episode.index);
    if (clip !== undefined) return { number: numberIn(film, clip.pictures[row] ?? -1), tint };
  }
  return { number: storedNumber(episode, row), tint };
}

function sizeDefects(
  what: string,
  { shape }: Picture,
  wanted: { readonly height: number; readonly width: number | null },
): string[] {
  const isRight = shape[0] === wanted.height && (wanted.width === null || shape[1] === wanted.width);
  return isRight
    ? []
    : [`${what}: expected ${wanted.height} × ${wanted.width ?? "any"} pixels, got ${shape.join(" × ")}`];
}

function quarterTurnsOf({ kind, style }: DrawnCamera): DrawnCamera["style"]["quarterTurns"] {
  return kind === "film" ? style.quarterTurns : 0;
}

function uprightSize(camera: DrawnCamera): Fit {
  const { height, width } = camera;
  return quarterTurnsOf(camera) % 2 === 0 ? { height, width } : { height: width, width: height };
}
