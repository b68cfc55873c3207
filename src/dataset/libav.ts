import type * as constants from "node-av/constants";
import type * as library from "node-av/lib";

/** FFmpeg's libraries inside this process, through the optional package `node-av`. */
export interface Libav {
  readonly library: typeof library;
  readonly constants: typeof constants;
}

let loading: Promise<Libav | null> | null = null;

/** The libraries, silenced; `null` where `node-av` is not installed or has no binary for this machine. */
export function loadLibav(): Promise<Libav | null> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Libav | null> {
  try {
    const [lib, values] = await Promise.all([import("node-av/lib"), import("node-av/constants")]);
    // What goes wrong is thrown, with file and frame; FFmpeg's own lines would stand between ours.
    lib.Log.setLevel(values.AV_LOG_QUIET);
    return { library: lib, constants: values };
  } catch {
    return null;
  }
}
