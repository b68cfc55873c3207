import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { SchemaElement } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { AVCodecID, AVPixelFormat } from "node-av/constants";
import type { Packet, Stream } from "node-av/lib";
import { type Libav, loadLibav } from "../libav.ts";

/** A column of a table that a test writes. */
export interface FixtureColumn {
  readonly name: string;
  readonly kind:
    | "float"
    | "double"
    | "int32"
    | "int64"
    | "boolean"
    | "text"
    | "floats"
    | "doubles"
    | "texts"
    | "picture"
    | "bytes";
  readonly values: readonly unknown[];
}

/** Writes a Parquet file, lists and structs as LeRobot's writers lay them out. */
export async function writeTable(path: string, columns: readonly FixtureColumn[], rowGroup: number): Promise<void> {
  const schema: SchemaElement[] = [
    { name: "schema", num_children: columns.length },
    ...columns.flatMap(({ name, kind }) => elements(name, kind)),
  ];
  const columnData = columns.map(({ name, kind, values }) => ({
    name,
    data: kind === "int64" ? values.map((value) => (value === null ? null : BigInt(Number(value)))) : [...values],
  }));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, Buffer.from(parquetWriteBuffer({ columnData, schema, rowGroupSize: rowGroup })));
}

/** Writes a JSON file, or one JSON value a line where the path ends so. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const lines = path.endsWith(".jsonl") && Array.isArray(value) ? value : [value];
  await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

/** `meta/info.json` of a small dataset at 10 frames per second. */
export function info(version: string, episodes: readonly number[], features: Readonly<Record<string, unknown>>) {
  const v2 = "chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4";
  const v3 = "{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4";
  return {
    codebase_version: version,
    robot_type: "toy",
    fps: 10,
    total_episodes: episodes.length,
    total_frames: episodes.reduce((sum, length) => sum + length, 0),
    chunks_size: 1000,
    data_path:
      version === "v3.0"
        ? "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
        : "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
    video_path: `videos/${version === "v3.0" ? v3 : v2}`,
    features,
  };
}

/** A small v2.1 dataset: action of 2, episodes of these lengths, one task. Columns given replace or join its own. */
export async function writeV2(
  root: string,
  lengths: readonly number[],
  features: Readonly<Record<string, unknown>>,
  columns: (episode: number) => readonly FixtureColumn[],
): Promise<void> {
  const declared = { ...plainFeatures, ...features };
  await writeJson(join(root, "meta/info.json"), info("v2.1", lengths, declared));
  await writeJson(join(root, "meta/tasks.jsonl"), [{ task_index: 0, task: "wave" }]);
  const episodes = lengths.map((length, index) => ({ episode_index: index, tasks: ["wave"], length }));
  await writeJson(join(root, "meta/episodes.jsonl"), episodes);
  for (const [index, length] of lengths.entries()) {
    const own = columns(index);
    const rest = plainColumns(index, length).filter(({ name }) => own.every((column) => column.name !== name));
    const path = `data/chunk-000/episode_${String(index).padStart(6, "0")}.parquet`;
    await writeTable(join(root, path), [...rest, ...own], 1000);
  }
}

export const plainFeatures = {
  action: { dtype: "float32", shape: [2], names: ["x", "y"] },
  timestamp: { dtype: "float32", shape: [1], names: null },
  frame_index: { dtype: "int64", shape: [1], names: null },
  episode_index: { dtype: "int64", shape: [1], names: null },
  task_index: { dtype: "int64", shape: [1], names: null },
};

/** Rows of an episode: action is (frame, episode), a tenth of a second apart. */
export function plainColumns(episode: number, length: number): FixtureColumn[] {
  const frames = Array.from({ length }, (_, frame) => frame);
  return [
    { name: "action", kind: "floats", values: frames.map((frame) => [frame, episode]) },
    { name: "timestamp", kind: "float", values: frames.map((frame) => frame / 10) },
    { name: "frame_index", kind: "int64", values: frames },
    { name: "episode_index", kind: "int64", values: frames.map(() => episode) },
    { name: "task_index", kind: "int64", values: frames.map(() => 0) },
  ];
}

/** Grey that frame `frame` of a fixture video has, 0 to 255: no two within 40 frames are alike. */
export function grey(frame: number): number {
  return 20 + ((frame * 5) % 200);
}

/** Encodes grey frames at 10 per second, 64 × 48. */
export async function writeVideo(path: string, encoder: "mpeg4" | "libx264", frames: number): Promise<void> {
  const libav = await needLibav();
  const { library, constants } = libav;
  await mkdir(dirname(path), { recursive: true });
  const format = new library.FormatContext();
  check(libav, format.allocOutputContext2(null, "mp4", path));
  check(libav, format.openOutputSync());
  const id = encoder === "mpeg4" ? constants.AV_CODEC_ID_MPEG4 : constants.AV_CODEC_ID_H264;
  const codec = openEncoder(libav, id, constants.AV_PIX_FMT_YUV420P);
  const stream: Stream = format.newStream(null);
  stream.codecpar.fromContext(codec);
  stream.timeBase = new library.Rational(1, 10240);
  stream.avgFrameRate = new library.Rational(10, 1);
  check(libav, format.writeHeaderSync());
  const write = (packet: Packet) => {
    packet.streamIndex = stream.index;
    packet.duration = 1n;
    packet.rescaleTs({ num: 1, den: 10 }, stream.timeBase);
    check(libav, format.interleavedWriteFrameSync(packet));
  };
  for (let frame = 0; frame <= frames; frame++) {
    const picture = frame < frames ? greyFrame(libav, grey(frame), BigInt(frame)) : null;
    check(libav, codec.sendFrameSync(picture));
    drain(libav, codec, write);
    picture?.free();
  }
  check(libav, format.writeTrailerSync());
  format.closeOutputSync();
  codec.freeContext();
}

/** A PNG or JPEG file of one grey, 64 × 48. */
export async function stillPicture(kind: "png" | "jpeg", level: number): Promise<Uint8Array> {
  const libav = await needLibav();
  const { constants, library } = libav;
  const isPng = kind === "png";
  const format = isPng ? constants.AV_PIX_FMT_RGB24 : constants.AV_PIX_FMT_YUVJ420P;
  const codec = openEncoder(libav, isPng ? constants.AV_CODEC_ID_PNG : constants.AV_CODEC_ID_MJPEG, format);
  const luma = Buffer.alloc(64 * 48, level);
  const pixels = isPng ? Buffer.alloc(64 * 48 * 3, level) : Buffer.concat([luma, Buffer.alloc((64 * 48) / 2, 128)]);
  const props = { width: 64, height: 48, format, timeBase: { num: 1, den: 10 }, pts: 0n };
  const frame = library.Frame.fromVideoBuffer(pixels, props);
  check(libav, codec.sendFrameSync(frame));
  check(libav, codec.sendFrameSync(null));
  let bytes = new Uint8Array(0);
  drain(libav, codec, (packet) => {
    bytes = Uint8Array.from(packet.data ?? []);
  });
  frame.free();
  codec.freeContext();
  return bytes;
}

function elements(name: string, kind: FixtureColumn["kind"]): SchemaElement[] {
  const optional = { name, repetition_type: "OPTIONAL" } as const;
  const list = (element: SchemaElement): SchemaElement[] => [
    { ...optional, converted_type: "LIST", num_children: 1 },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    element,
  ];
  const entry = { name: "element", repetition_type: "OPTIONAL" } as const;
  switch (kind) {
    case "float":
      return [{ ...optional, type: "FLOAT" }];
    case "double":
      return [{ ...optional, type: "DOUBLE" }];
    case "int32":
      return [{ ...optional, type: "INT32" }];
    case "int64":
      return [{ ...optional, type: "INT64" }];
    case "boolean":
      return [{ ...optional, type: "BOOLEAN" }];
    case "text":
      return [{ ...optional, type: "BYTE_ARRAY", converted_type: "UTF8" }];
    case "bytes":
      return [{ ...optional, type: "BYTE_ARRAY" }];
    case "floats":
      return list({ ...entry, type: "FLOAT" });
    case "doubles":
      return list({ ...entry, type: "DOUBLE" });
    case "texts":
      return list({ ...entry, type: "BYTE_ARRAY", converted_type: "UTF8" });
    case "picture":
      return [
        { ...optional, num_children: 2 },
        { name: "bytes", repetition_type: "OPTIONAL", type: "BYTE_ARRAY" },
        { name: "path", repetition_type: "OPTIONAL", type: "BYTE_ARRAY", converted_type: "UTF8" },
      ];
  }
}

function openEncoder(libav: Libav, id: AVCodecID, format: AVPixelFormat) {
  const { library } = libav;
  const encoder = library.Codec.findEncoder(id);
  if (encoder === null) throw new Error("node-av: expected an encoder");
  const codec = new library.CodecContext();
  codec.allocContext3(encoder);
  codec.width = 64;
  codec.height = 48;
  codec.pixelFormat = format;
  codec.timeBase = new library.Rational(1, 10);
  codec.framerate = new library.Rational(10, 1);
  codec.gopSize = 12;
  codec.bitRate = 4_000_000n;
  codec.flags = libav.constants.AV_CODEC_FLAG_GLOBAL_HEADER;
  check(libav, codec.open2Sync(encoder));
  return codec;
}

function greyFrame({ library, constants }: Libav, level: number, pts: bigint) {
  const pixels = Buffer.concat([Buffer.alloc(64 * 48, 16 + (level * 219) / 255), Buffer.alloc((64 * 48) / 2, 128)]);
  const format = constants.AV_PIX_FMT_YUV420P;
  return library.Frame.fromVideoBuffer(pixels, { width: 64, height: 48, format, timeBase: { num: 1, den: 10 }, pts });
}

function drain(libav: Libav, codec: ReturnType<typeof openEncoder>, see: (packet: Packet) => void): void {
  const packet = new libav.library.Packet();
  packet.alloc();
  while (codec.receivePacketSync(packet) >= 0) {
    see(packet);
    packet.unref();
  }
  packet.free();
}

async function needLibav(): Promise<Libav> {
  const libav = await loadLibav();
  if (libav === null) throw new Error("this fixture needs node-av");
  return libav;
}

function check(libav: Libav, status: number): void {
  if (status < 0) throw new Error(libav.library.FFmpegError.strerror(status));
}
