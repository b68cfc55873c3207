import { Dice } from "./dice.ts";
import { drawFilm } from "./draw-film.ts";
import { type DrawnCamera, type DrawnEpisode, type DrawnStyle, isFilmFault } from "./drawn-dataset.ts";
import type { CameraPlan } from "./plan.ts";

/** None, one or two of them; a fault of films is in the first film of the first. */
export function drawCameras(plan: CameraPlan): DrawnCamera[] {
  const dice = new Dice(plan.seed, "cameras");
  const count = dice.pick([0, 1, 1, 1, 2]);
  const isFilmed = isFilmFault(plan.fault);
  return Array.from({ length: isFilmed ? Math.max(1, count) : count }, (_, at) =>
    drawCamera(plan, { at, isFilmed: isFilmed && at === 0 }),
  );
}

function drawCamera(plan: CameraPlan, { at, isFilmed }: { at: number; isFilmed: boolean }): DrawnCamera {
  const dice = new Dice(plan.seed, "camera", String(at));
  const kind = dice.pick(["film", "film", "film", "film", "png", "jpeg", "png without struct"]);
  const { style, size } = drawStyle(dice);
  const camera = {
    key: `observation.images.${["top", "wrist"][at]}`,
    // The pictures of an episode that is left out for its entry are nobody's, and films may drift.
    kind: isFilmed ? "film" : plan.fault === "null in the metadata" && kind === "film" ? "png" : kind,
    height: size(),
    width: size(),
    tint: dice.between(0, 3),
    style,
  } as const;
  const films =
    camera.kind === "film"
      ? filmed(plan, dice).map((episodes, file) =>
          drawFilm({ ...plan, style, episodes, hasFault: isFilmed && file === 0 }, dice, file),
        )
      : [];
  return { ...camera, films };
}

/** The episodes of each film of a camera: one in v2.1, any number in v3.0, where one may be out of order. */
function filmed({ version, episodes, fault }: CameraPlan, dice: Dice): DrawnEpisode[][] {
  if (version === "v2.1") return episodes.map((episode) => [episode]);
  if (isFilmFault(fault)) return [[...episodes]];
  const films: DrawnEpisode[][] = [];
  for (const [at, episode] of episodes.entries())
    if (at === 0 || dice.happens(0.3)) films.push([episode]);
    else films.at(-1)?.push(episode);
  const isShuffled = dice.happens(0.2);
  return films
    .map((film) => (isShuffled ? dice.shuffled(film) : film))
    .filter((film) => film.some(({ isListed }) => isListed));
}

function drawStyle(dice: Dice): { style: DrawnStyle; size: () => number } {
  const encoder = dice.pick([
    "libx264",
    "libx264",
    "libx264",
    "libsvtav1",
    "libsvtav1",
    "mpeg4",
    "libvpx-vp9",
    "libx265",
  ]);
  const mayBeFine = encoder === "libx264" || encoder === "libvpx-vp9";
  const sampling = mayBeFine && dice.happens(0.35) ? "4:4:4" : "4:2:0";
  const mostBFrames = { libx264: 3, libx265: 3, mpeg4: 2, libsvtav1: 0, "libvpx-vp9": 0 }[encoder];
  const style: DrawnStyle = {
    encoder,
    sampling,
    bFrames: dice.happens(0.5) ? dice.between(0, mostBFrames) : 0,
    // SVT-AV1 refuses to make every picture one.
    keyframeEvery: encoder === "libsvtav1" ? dice.pick([2, 2, 12, 1000]) : dice.pick([1, 2, 2, 5, 12, 1000]),
    quarterTurns: dice.happens(0.15) ? dice.pick([1, 2, 3]) : 0,
  };
  // SVT-AV1 makes no smaller pictures, and x265 writes past its memory; with one colour for four pixels x264 makes even ones alone.
  if (encoder === "libsvtav1" || encoder === "libx265") return { style, size: () => 2 * dice.between(32, 36) };
  const isEven = sampling === "4:2:0" && encoder !== "mpeg4" && encoder !== "libvpx-vp9";
  return { style, size: () => (isEven ? 2 * dice.between(8, 24) : dice.between(16, 48)) };
}
