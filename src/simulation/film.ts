import type { Picture } from "../dataset/dataset.ts";
import type { Libav } from "../dataset/libav.ts";
import { reason } from "../dataset/problem.ts";
import { VideoWriter } from "../dataset/write/video.ts";
import { zeros } from "../graph/host-array.ts";
import { InputError } from "../input-error.ts";

/** An mp4 file of what one robot's cameras see, side by side. */
export class Film {
  readonly #libav: Libav;
  readonly #path: string;
  readonly #framesPerSecond: number;
  #writer: VideoWriter | null = null;

  constructor(libav: Libav, path: string, framesPerSecond: number) {
    this.#libav = libav;
    this.#path = path;
    this.#framesPerSecond = framesPerSecond;
  }

  /** @throws InputError where the file cannot be written */
  add(pictures: ReadonlyMap<string, Picture>): void {
    const picture = sideBySide([...pictures.values()]);
    const [height = 0, width = 0] = picture.shape;
    const format = { height, width, framesPerSecond: this.#framesPerSecond, codec: "h264" as const };
    this.#writing(() => {
      this.#writer ??= new VideoWriter(this.#libav, this.#path, format);
      this.#writer.add(picture);
    });
  }

  /** @throws InputError where the file cannot be written */
  finish(): void {
    const writer = this.#writer;
    this.#writer = null;
    this.#writing(() => writer?.finish());
  }

  /** After the first failure to write the file, no more of it is written. */
  #writing(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#writer = null;
      throw new InputError(`${this.#path}: expected a film that can be written, got ${reason(error)}`);
    }
  }
}

/** Pictures of one height, from left to right. */
export function sideBySide(pictures: readonly Picture[]): Picture {
  const height = pictures[0]?.shape[0] ?? 0;
  const widths = pictures.map(({ shape }) => shape[1] ?? 0);
  const width = widths.reduce((sum, each) => sum + each, 0);
  if (width === 0 || pictures.some(({ shape }) => shape[0] !== height))
    throw new RangeError(
      `sideBySide: expected pictures of one height, got ${pictures.map(({ shape }) => `[${shape}]`)}`,
    );
  const joined = zeros("h w c", [height, width, 3], "uint8");
  for (let row = 0; row < height; row++) {
    let left = row * width * 3;
    for (const [at, { cells }] of pictures.entries()) {
      const bytes = widths[at]! * 3;
      joined.cells.set(cells.subarray(row * bytes, (row + 1) * bytes), left);
      left += bytes;
    }
  }
  return joined;
}
