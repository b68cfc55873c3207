import { fitBefore, squared } from "../../embodiment/picture.ts";
import { InputError } from "../../input-error.ts";
import { layoutOf, readingOf } from "../../recipe/plan.ts";
import { encodePng } from "../png.ts";
import { type OpenData, openedOf, type ShownDataset } from "./open-data.ts";

/** The picture as it is in the recording, up to a size that a page shows; or the square that a policy reads. */
export const frameForms = ["recorded", "policy"] as const;

export interface FrameChoice {
  /** Key of the camera. */
  readonly camera: string;
  readonly episode: number;
  readonly row: number;
  readonly form: (typeof frameForms)[number];
}

/** The largest side of a recorded picture that is shown, in pixels. */
const shownSide = 640;

/**
 * The picture that a camera saw at a row, as a PNG file: what the decoder of training gives for that row, without augmentation.
 *
 * @throws InputError where there is no such camera, episode or row, or the picture cannot be decoded
 */
export async function framePng(
  { recipe }: Pick<OpenData, "recipe">,
  shown: ShownDataset,
  { camera, episode, row, form }: FrameChoice,
): Promise<Uint8Array> {
  const dataset = openedOf(shown);
  const length = dataset.episodes.find(({ index }) => index === episode)?.length;
  if (length === undefined || !Number.isInteger(row) || row < 0 || row >= length)
    throw new InputError(
      `dataset "${shown.name}": expected a row of an episode that is in use, got row ${row} of episode ${episode}` +
        `${length === undefined ? "" : `, which has ${length}`}`,
    );
  if (form === "recorded")
    return encodePng(await dataset.picture(camera, episode, row, { height: shownSide, width: shownSide }));
  if (recipe === null)
    throw new InputError(`dataset "${shown.name}": expected a policy that reads its pictures, got none`);
  const { pictureSize } = layoutOf(recipe, 1);
  const { letterbox } = readingOf(recipe);
  const picture = await dataset.picture(camera, episode, row, fitBefore(pictureSize, letterbox));
  return encodePng(squared(picture, pictureSize, letterbox));
}
