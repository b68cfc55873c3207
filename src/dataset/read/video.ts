import { loadLibav } from "../libav.ts";
import { FfmpegReader } from "./ffmpeg-reader.ts";
import { LibavReader } from "./libav-reader.ts";
import type { PictureReader } from "./picture-reader.ts";

/** How many videos stay open at a time: each holds a decoder of some megabytes. */
const openVideos = 8;

/**
 * A reader through `node-av`, or where that optional package is missing through the program `ffmpeg`,
 * which decodes whole episodes at a time.
 */
export async function openPictureReader(): Promise<PictureReader> {
  const libav = await loadLibav();
  return libav === null ? new FfmpegReader() : new LibavReader(libav, openVideos);
}
