import type { Picture } from "../dataset.ts";

/** LeRobot versions that are written. */
export type WrittenVersion = "v2.1" | "v3.0";

/** A camera's pictures. */
export interface WrittenCamera {
  /** The column's key: "observation.images.front". */
  readonly key: string;
  readonly height: number;
  readonly width: number;
}

/** A column of vectors, kept as float32. */
export interface WrittenVector {
  readonly key: string;
  /** One per entry. */
  readonly names: readonly string[];
  /** Numbers that are kept to the bit, and that nothing is trained on: no statistics are made of them. */
  readonly type?: "float64";
}

/** How pictures are kept: with losses, or with every bit as it was. */
export const writtenCodecs = ["h264", "av1", "h264-lossless"] as const;

export type WrittenCodec = (typeof writtenCodecs)[number];

/** What a dataset is going to be: plain data, kept beside it. */
export interface WrittenDescription {
  readonly version: WrittenVersion;
  readonly robotType: string;
  readonly framesPerSecond: number;
  readonly vectors: readonly WrittenVector[];
  readonly cameras: readonly WrittenCamera[];
  readonly codec: WrittenCodec;
  /** What makes the frames and how, in words of its own; a recording goes on only with the same. */
  readonly source: Readonly<Record<string, unknown>>;
}

/** One frame. */
export interface WrittenFrame {
  /** By column; each as wide as the description says. */
  readonly vectors: ReadonlyMap<string, ArrayLike<number>>;
  /** By camera. */
  readonly pictures: ReadonlyMap<string, Picture>;
  readonly task: string;
}

/** Columns that every dataset has beside its own, with their type. */
export const countingColumns = {
  timestamp: "float32",
  frame_index: "int64",
  episode_index: "int64",
  index: "int64",
  task_index: "int64",
} as const;

/** LeRobot's own default: files or episodes to a folder. */
export const chunkSize = 1000;

/** How far a dataset has come. */
export interface Totals {
  readonly episodes: number;
  readonly frames: number;
  readonly tasks: number;
}

/** `meta/info.json`. */
export function infoOf(description: WrittenDescription, totals: Totals): object {
  const { version, robotType, framesPerSecond, vectors, cameras } = description;
  const features = [
    ...vectors.map(({ key, names, type = "float32" }) => [key, { dtype: type, shape: [names.length], names }]),
    ...cameras.map((camera) => [camera.key, cameraFeature(camera, description)]),
    ...Object.entries(countingColumns).map(([key, dtype]) => [key, { dtype, shape: [1], names: null }]),
  ];
  return {
    codebase_version: version,
    robot_type: robotType,
    total_episodes: totals.episodes,
    total_frames: totals.frames,
    total_tasks: totals.tasks,
    ...(version === "v2.1"
      ? {
          total_videos: totals.episodes * cameras.length,
          total_chunks: Math.ceil(totals.episodes / chunkSize),
          chunks_size: chunkSize,
        }
      : { chunks_size: chunkSize, data_files_size_in_mb: fileMegabytes, video_files_size_in_mb: fileMegabytes }),
    fps: framesPerSecond,
    splits: { train: `0:${totals.episodes}` },
    data_path: dataPath[version],
    video_path: cameras.length > 0 ? videoPath[version] : null,
    features: Object.fromEntries(features),
  };
}

/** A file of v3.0 is full from here on: each episode rewrites the file that it joins. */
export const fileMegabytes = 4;

/** Where episodes lie, as Python format strings. */
export const dataPath: Readonly<Record<WrittenVersion, string>> = {
  "v2.1": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
  "v3.0": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
};

/** Where videos lie. */
export const videoPath: Readonly<Record<WrittenVersion, string>> = {
  "v2.1": "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
  "v3.0": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
};

function cameraFeature({ height, width }: WrittenCamera, { framesPerSecond, codec }: WrittenDescription): object {
  return {
    dtype: "video",
    shape: [height, width, 3],
    names: ["height", "width", "channels"],
    info: {
      "video.height": height,
      "video.width": width,
      "video.codec": codec === "av1" ? "av1" : "h264",
      "video.pix_fmt": codec === "h264-lossless" ? "gbrp" : "yuv420p",
      "video.is_depth_map": false,
      "video.fps": framesPerSecond,
      "video.channels": 3,
      has_audio: false,
    },
  };
}
