import type { Dice } from "./dice.ts";
import { type DrawnClip, type DrawnFilm, isFilmFault } from "./drawn-dataset.ts";
import { faultyFilm } from "./faulty-film.ts";
import { clipOf, clipsAsShown, type Piece, piece, secondsOf, timed } from "./film-piece.ts";
import type { FilmPlan } from "./plan.ts";

/** A film of some episodes: with as many pictures as rows, or with others around them that the rows' times leave out. */
export function drawFilm(plan: FilmPlan, dice: Dice, file: number): DrawnFilm {
  const { version, episodes, clock } = plan;
  const firstNumber = dice.between(0, 255);
  const named = version === "v2.1" ? (episodes[0]?.index ?? 0) : file;
  if (plan.hasFault) return { file: named, firstNumber, ...faultyFilm(plan, dice) };
  // Rows that are refused cannot say which pictures are theirs.
  const isAsMany = clock.origin > 0 || (plan.fault !== null && !isFilmFault(plan.fault)) || dice.happens(0.5);
  return { file: named, firstNumber, ...(isAsMany ? asManyPictures(plan, dice) : picturesAround(plan, dice)) };
}

/** As many pictures as rows: the n-th of one is the n-th of the other, whatever the rates and the stated times. */
function asManyPictures(plan: FilmPlan, dice: Dice): Omit<DrawnFilm, "file" | "firstNumber"> {
  const { framesPerSecond, episodes } = plan;
  const pieces = episodes
    .filter(({ isListed }) => isListed)
    .map((episode) => piece(episode, { before: 0, after: 0, stride: 1 }));
  const rate = framesPerSecond * dice.pick([1, 1, 1, 1000 / 1001, 0.5, 0.9, 1.2, 2]);
  const isUneven = dice.happens(0.2);
  const timing = timed(plan, dice, { pieces, rate, unevenness: isUneven ? 0.3 : 0 });
  const times = secondsOf(timing);
  const said = dice.pick(["film", "rows", "drifting"]);
  const isEndStated = dice.happens(0.5);
  let [first, from] = [0, 0];
  const clips = pieces.map((each, at): DrawnClip => {
    if (at > 0 && said === "film") from = times[first] ?? 0;
    const { length } = each.rows;
    const clip = clipOf(each, { first, from, to: isEndStated ? from + length / framesPerSecond : null }, plan);
    first += each.pictures;
    from += (length + (said === "drifting" ? 0.4 * dice.share() : 0)) / framesPerSecond;
    return clip;
  });
  return { ...timing, clips };
}

/** More pictures than rows: before and after them, between episodes, and between rows, so that rows are told by their times. */
function picturesAround(plan: FilmPlan, dice: Dice): Omit<DrawnFilm, "file" | "firstNumber"> {
  const { version, framesPerSecond, episodes, clock } = plan;
  const stride = dice.pick([1, 1, 1, 2, 3]);
  const pieces = episodes.flatMap((episode, at): Piece[] => {
    const isLast = at === episodes.length - 1;
    const after = isLast ? dice.between(1, 4) : dice.between(0, 3);
    const isShown = version === "v2.1" || episode.isListed || dice.happens(0.5);
    const gap =
      version === "v3.0" && dice.happens(0.3) ? [{ episode: null, pictures: dice.between(1, 4), rows: [] }] : [];
    if (!isShown) return gap;
    return [...gap, piece(episode, { before: clock.trimmed, after, stride })];
  });
  const unevenness = !clock.isMeasured && dice.happens(0.25) ? 0.15 : 0;
  const timing = timed(plan, dice, { pieces, rate: framesPerSecond * stride, unevenness });
  return { ...timing, clips: clipsAsShown({ ...plan, pieces, timing, endsAreStated: dice.happens(0.5) }) };
}
