import type { Fit, Picture } from "../dataset.ts";

/** The part of a video file that shows an episode. */
export interface Clip {
  readonly path: string;
  readonly episode: number;
  /** Seconds from the file's first frame to the episode's. */
  readonly from: number;
  readonly framesPerSecond: number;
  /** Frames of the episode. */
  readonly length: number;
}

/** Sees the frames of an episode that are decoded on the way to another. */
export type Passing = ((frame: number, picture: () => Picture) => void) | null;

/** A picture that is asked for: frame `frame` of a clip, no larger than `fit`. */
export interface FrameRequest {
  readonly clip: Clip;
  readonly frame: number;
  readonly fit: Fit;
  readonly passing: Passing;
}

/** Decodes videos and still pictures into RGB. Frame k of a clip is the one shown at `from + k / framesPerSecond`. */
export interface PictureReader {
  /** @throws InputError naming file, episode and frame where there is no such frame or it cannot be decoded */
  frame(request: FrameRequest): Promise<Picture>;
  /** @throws Error if the bytes are no PNG or JPEG */
  still(bytes: Uint8Array, fit: Fit): Promise<Picture>;
  close(): void;
}
