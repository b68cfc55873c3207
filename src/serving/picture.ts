import type { Picture } from "../dataset/dataset.ts";
import { HostArray } from "../graph/host-array.ts";
import { InputError } from "../input-error.ts";

/**
 * A picture from a camera's bytes: red, green, blue, row by row from the top, 0 to 255. The bytes are not copied.
 *
 * @throws InputError if there are not `height · width · 3` bytes
 */
export function picture(
  bytes: Uint8Array,
  { height, width }: { readonly height: number; readonly width: number },
): Picture {
  if (!(height >= 1 && width >= 1) || bytes.length !== height * width * 3)
    throw new InputError(
      `picture: expected ${height} · ${width} · 3 bytes, got ${bytes.length}; red, green and blue of each pixel, row by row`,
    );
  return new HostArray("h w c", [height, width, 3], "uint8", bytes);
}
