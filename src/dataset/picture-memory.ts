import type { Fit, Picture } from "./dataset.ts";

/** Which picture of a dataset, scaled to what. */
export interface PicturePlace {
  /** Which of the dataset's cameras. */
  readonly camera: number;
  readonly episode: number;
  readonly frame: number;
  readonly fit: Fit;
}

/** Decoded pictures that a dataset keeps: they change its speed and nothing else. */
export interface PictureMemory {
  get(place: PicturePlace): Picture | undefined;
  keep(place: PicturePlace, picture: Picture): void;
  /** Whether a picture that nobody has asked for yet would still be here when somebody does. */
  mayStay(fit: Fit): boolean;
  clear(): void;
}
