import { InputError } from "../../input-error.ts";
import type { DepthRange, Fit, Picture } from "../dataset.ts";
import { cureFor, reason } from "../problem.ts";
import type { FilmIndex } from "./film-index.ts";

/** The pictures of a video file that an episode's frames are. */
export interface Clip {
  readonly path: string;
  readonly episode: number;
  readonly film: FilmIndex;
  /** By frame of the episode, ascending: which picture of the film it is. */
  readonly pictures: Int32Array;
}

/** Sees the frames of an episode that are decoded on the way to another, and right behind it. */
export type Passing = ((frame: number, picture: () => Picture) => void) | null;

/** A picture that is asked for: frame `frame` of a clip, no larger than `fit`. */
export interface FrameRequest {
  readonly clip: Clip;
  readonly frame: number;
  readonly fit: Fit;
  readonly passing: Passing;
  /** How distances are shown; `null` for a film of colours. */
  readonly depth: DepthRange | null;
}

/** Decodes videos and still pictures into RGB, upright. */
export interface PictureReader {
  /** @throws InputError naming file, episode and frame where there is no such frame or it cannot be decoded */
  frame(request: FrameRequest): Promise<Picture>;
  /** @throws Error if the bytes are no PNG or JPEG */
  still(bytes: Uint8Array, fit: Fit): Promise<Picture>;
  close(): void;
}

/** What is said of a frame that a reader cannot show. */
export function unreadableFrame({ path, episode }: Clip, frame: number, thrown: unknown): InputError {
  const got = `${reason(thrown)}${cureFor(thrown)}`;
  return new InputError(`${path}: expected frame ${frame} of episode ${episode}, got ${got}`);
}
