import { join } from "node:path";
import type { Picture } from "../dataset/dataset.ts";
import type { Libav } from "../dataset/libav.ts";
import { Film } from "./film.ts";

/** Films of a robot's episodes, `reacher-003.mp4` each, in one folder. */
export class Films {
  readonly #libav: Libav;
  readonly #folder: string;
  readonly #robot: { readonly name: string; readonly framesPerSecond: number };
  readonly #films = new Map<number, { readonly film: Film; readonly path: string }>();

  constructor(libav: Libav, folder: string, robot: { readonly name: string; readonly framesPerSecond: number }) {
    this.#libav = libav;
    this.#folder = folder;
    this.#robot = robot;
  }

  /** Path of each film, by episode. */
  get paths(): [episode: number, path: string][] {
    return [...this.#films].map(([episode, { path }]) => [episode, path]);
  }

  add(episode: number, pictures: ReadonlyMap<string, Picture>): void {
    const { film } = this.#films.get(episode) ?? this.#begin(episode);
    film.add(pictures);
  }

  finish(): void {
    for (const { film } of this.#films.values()) film.finish();
  }

  #begin(episode: number): { readonly film: Film } {
    const { name, framesPerSecond } = this.#robot;
    const path = join(this.#folder, `${name}-${String(episode).padStart(3, "0")}.mp4`);
    const begun = { film: new Film(this.#libav, path, framesPerSecond), path };
    this.#films.set(episode, begun);
    return begun;
  }
}
