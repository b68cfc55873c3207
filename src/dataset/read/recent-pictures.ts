import type { Fit, Picture } from "../dataset.ts";
import type { PictureMemory, PicturePlace } from "../picture-memory.ts";
import { Recent } from "./recent.ts";

/** The pictures that were asked for last, up to so many bytes. */
export class RecentPictures implements PictureMemory {
  readonly #pictures: Recent<string, Picture>;
  readonly #bytes: number;
  readonly #all: number;

  /** @param all how many pictures the dataset has */
  constructor(bytes: number, all: number) {
    this.#pictures = new Recent(bytes, () => {});
    this.#bytes = bytes;
    this.#all = all;
  }

  get(place: PicturePlace): Picture | undefined {
    return this.#pictures.get(keyOf(place));
  }

  keep(place: PicturePlace, picture: Picture): void {
    this.#pictures.set(keyOf(place), picture, picture.cells.byteLength);
  }

  /** Where there is no room for all of them, those that nobody has asked for would drive out those that were. */
  mayStay({ height, width }: Fit): boolean {
    return this.#all * height * width * 3 <= this.#bytes;
  }

  clear(): void {
    this.#pictures.clear();
  }
}

function keyOf({ camera, episode, frame, fit }: PicturePlace): string {
  return `${camera} ${episode} ${frame} ${fit.height} ${fit.width}`;
}
