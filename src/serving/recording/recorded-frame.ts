import type { WrittenCodec, WrittenDescription, WrittenFrame, WrittenVector } from "../../dataset/write/description.ts";
import { HostArray } from "../../graph/host-array.ts";
import type { ServedRobot } from "../robot.ts";

/** Which question of which session something belongs to. */
export interface FrameKey {
  /** When the server began, in seconds since 1970: sessions are counted anew by each. */
  readonly server: number;
  readonly session: number;
  /** Of the noise of its answers, as is the number of the episode within the session. */
  readonly seed: number;
  readonly episode: number;
  /** Of the episode's frames, from 0. */
  readonly frame: number;
}

/** An answer that became known at a frame. */
export interface RecordedAnswer {
  /** The frame of its question: the same, or an earlier one where the robot did not wait. */
  readonly asked: number;
  /** As the session was asked to go on from the chunk before, or how many steps lie between two that are averaged; `null` where neither is. */
  readonly waiting: { readonly delay: number; readonly carriedOut: number | null } | null;
  /** By step and dof, as it left the guard. */
  readonly actions: readonly (readonly number[])[];
}

/** A frame of a session: plain data, from the server to the thread that writes. */
export interface RecordedFrame {
  readonly key: FrameKey;
  /** When it came, in seconds since 1970. */
  readonly time: number;
  readonly state: readonly number[] | Float64Array;
  /** What the robot carries out at this frame, in its own units. */
  readonly action: readonly number[];
  readonly task: string;
  /** By column of the camera; `null` where it gave no picture. */
  readonly pictures: readonly (readonly [column: string, picture: PlainPicture | null])[];
  readonly answer: RecordedAnswer | null;
}

/** A picture without its class, which a structured clone would drop. */
export interface PlainPicture {
  readonly height: number;
  readonly width: number;
  readonly cells: Uint8Array;
}

/** Columns of a recording beside those of every dataset: what a question was, and its answer, to the bit. */
export const recordedColumns = {
  state: "served.state",
  chunk: "served.chunk",
  request: "served.request",
  cameras: "served.cameras",
} as const;

/** Entries of the column `served.request`; −1 where there is nothing to say. */
export const requestEntries = [
  "server",
  "session",
  "seed",
  "episode",
  "frame",
  "time",
  "asked",
  "delay",
  "carried_out",
] as const;

/** What is to be known of a robot to record it: plain data. */
export interface RecordableRobot {
  /** Of its dataset's folder. */
  readonly name: string;
  readonly robotType: string;
  readonly framesPerSecond: number;
  readonly states: readonly string[];
  readonly dofs: readonly string[];
  /** Columns of its cameras. */
  readonly cameras: readonly string[];
  /** Steps of a chunk. */
  readonly steps: number;
  /** Side of pictures of a camera that gave none yet, in pixels. */
  readonly pictureSide: number;
  readonly codec: WrittenCodec;
  /** What answered, as `replay` reads it. */
  readonly source: Readonly<Record<string, unknown>>;
}

/** The columns of a robot's cameras, each once. */
export function cameraColumns({ embodiment }: Pick<ServedRobot, "embodiment">): string[] {
  return [...new Set(embodiment.cameras.flatMap(({ key }) => (key === null ? [] : [key])))];
}

/** Height and width of each camera's pictures, by column. */
export type PictureSizes = ReadonlyMap<string, { readonly height: number; readonly width: number }>;

/** The dataset that a robot's frames make. */
export function servedDescription(robot: RecordableRobot, sizes: PictureSizes): WrittenDescription {
  const { states, dofs, cameras, steps, pictureSide: side } = robot;
  const chunk = Array.from({ length: steps }, (_, step) => dofs.map((name) => `${step} ${name}`)).flat();
  const vectors: WrittenVector[] = [
    { key: "observation.state", names: states },
    { key: "action", names: dofs },
    { key: recordedColumns.state, names: states, type: "float64" },
    { key: recordedColumns.chunk, names: chunk, type: "float64" },
    { key: recordedColumns.request, names: requestEntries, type: "float64" },
    { key: recordedColumns.cameras, names: cameras, type: "float64" },
  ];
  return {
    version: "v3.0",
    robotType: robot.robotType,
    framesPerSecond: robot.framesPerSecond,
    codec: robot.codec,
    vectors: vectors.filter(({ names }) => names.length > 0),
    cameras: cameras.map((key) => ({ key, ...(sizes.get(key) ?? { height: side, width: side }) })),
    source: robot.source,
  };
}

/** A frame as its dataset holds it; a camera that gave no picture shows black. */
export function rowOf(frame: RecordedFrame, { steps, dofs }: RecordableRobot, sizes: PictureSizes): WrittenFrame {
  const { key, answer, pictures } = frame;
  const chunk = answer === null ? new Float64Array(steps * dofs.length) : answer.actions.flat();
  const { delay = -1, carriedOut = null } = answer?.waiting ?? {};
  const request = [...Object.values(inOrder(key)), frame.time, answer?.asked ?? -1, delay, carriedOut ?? -1];
  return {
    vectors: new Map<string, ArrayLike<number>>([
      ["observation.state", frame.state],
      ["action", frame.action],
      [recordedColumns.state, frame.state],
      [recordedColumns.chunk, chunk],
      [recordedColumns.request, request],
      [recordedColumns.cameras, pictures.map(([, picture]) => (picture === null ? 0 : 1))],
    ]),
    pictures: new Map(pictures.map(([column, picture]) => [column, shown(picture, sizes.get(column))])),
    task: frame.task,
  };
}

function inOrder({ server, session, seed, episode, frame }: FrameKey): FrameKey {
  return { server, session, seed, episode, frame };
}

function shown(picture: PlainPicture | null, size: { readonly height: number; readonly width: number } | undefined) {
  const { height, width } = picture ?? size ?? { height: 0, width: 0 };
  const cells = new Uint8Array(height * width * 3);
  if (picture !== null) cells.set(picture.cells);
  return new HostArray("h w c", [height, width, 3], "uint8", cells);
}
