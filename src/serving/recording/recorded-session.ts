import type { RobotObservation } from "../../batch/observation.ts";
import type { Dataset, EpisodeTable, Picture } from "../../dataset/dataset.ts";
import type { HostArray } from "../../graph/host-array.ts";
import { InputError } from "../../input-error.ts";
import type { ServedRobot } from "../robot.ts";
import {
  cameraColumns,
  type FrameKey,
  type RecordedAnswer,
  recordedColumns,
  requestEntries,
} from "./recorded-frame.ts";

/** Where a frame stands in its dataset. */
export interface FramePlace {
  readonly episode: number;
  readonly row: number;
}

/** A session's episode: its frames in order from the first, and the answers by the frame that asked. */
export interface RecordedSession {
  readonly key: FrameKey;
  readonly frames: readonly FramePlace[];
  readonly answers: ReadonlyMap<number, RecordedAnswer>;
}

/** What a recording holds. */
export interface RecordedSessions {
  readonly sessions: readonly RecordedSession[];
  /** Answers of all sessions. */
  readonly answers: number;
  /** Frames whose session's beginning is not here, or which come after a hole. */
  readonly leftOut: number;
}

interface FoundFrame {
  readonly key: FrameKey;
  readonly place: FramePlace;
  readonly answer: RecordedAnswer | null;
}

/**
 * The sessions of a recording. A long one lies in several episodes of the dataset, and episodes of several sessions between each other.
 *
 * @throws InputError where it lacks a column
 */
export async function recordedSessions(dataset: Dataset, robot: ServedRobot): Promise<RecordedSessions> {
  for (const key of Object.values(recordedColumns))
    if (!dataset.features.has(key) && isNeeded(key, robot))
      throw new InputError(`${dataset.root}: expected a column "${key}", as "serve --record" writes it, got none`);
  const found: FoundFrame[] = [];
  for (const { index, length } of dataset.episodes) {
    const table = await dataset.table(index);
    for (let row = 0; row < length; row++) found.push(frameOf(table, { episode: index, row }, robot));
  }
  const groups = Map.groupBy(found, ({ key }) => JSON.stringify([key.server, key.session, key.episode]));
  const sessions = [...groups.values()].map(sessionOf).filter(({ frames }) => frames.length > 0);
  return {
    sessions,
    answers: sessions.reduce((sum, { answers }) => sum + answers.size, 0),
    leftOut: found.length - sessions.reduce((sum, { frames }) => sum + frames.length, 0),
  };
}

/** What a session saw at a frame, every bit of its state as it came. */
export async function readFrame(
  dataset: Dataset,
  robot: ServedRobot,
  table: EpisodeTable,
  { episode, row }: FramePlace,
): Promise<{ readonly observation: RobotObservation; readonly prompt: string }> {
  const columns = cameraColumns(robot);
  const pictures: Record<string, Picture | null> = {};
  for (const { view, key } of robot.embodiment.cameras) {
    if (key === null) continue;
    const isSeen = rowOf(table.vector(recordedColumns.cameras), row)[columns.indexOf(key)] === 1;
    const [height = 1, width = 1] = dataset.features.get(key)?.shape ?? [];
    pictures[view] = isSeen ? await dataset.picture(key, episode, row, { height, width }) : null;
  }
  const { states } = robot.embodiment;
  const state = states.length === 0 ? [] : rowOf(table.vector(recordedColumns.state), row);
  return { observation: { state, pictures }, prompt: table.tasks[row] ?? "" };
}

function isNeeded(key: string, { embodiment }: ServedRobot): boolean {
  if (key === recordedColumns.state) return embodiment.states.length > 0;
  return key !== recordedColumns.cameras || embodiment.cameras.some((camera) => camera.key !== null);
}

function frameOf(table: EpisodeTable, place: FramePlace, { embodiment }: ServedRobot): FoundFrame {
  const request = rowOf(table.vector(recordedColumns.request), place.row);
  const entry = (name: (typeof requestEntries)[number]) => request[requestEntries.indexOf(name)] ?? -1;
  const [server, session, seed, episode, frame] = [
    entry("server"),
    entry("session"),
    entry("seed"),
    entry("episode"),
    entry("frame"),
  ];
  const [asked, delay, carriedOut] = [entry("asked"), entry("delay"), entry("carried_out")];
  const width = embodiment.dofs.length;
  const chunk = rowOf(table.vector(recordedColumns.chunk), place.row);
  const answer = {
    asked,
    waiting: delay < 0 ? null : { delay, carriedOut: carriedOut < 0 ? null : carriedOut },
    actions: Array.from({ length: chunk.length / width }, (_, step) => chunk.slice(step * width, (step + 1) * width)),
  };
  return { key: { server, session, seed, episode, frame }, place, answer: asked < 0 ? null : answer };
}

/** Frames from the first on, up to the first hole. */
function sessionOf(found: readonly FoundFrame[]): RecordedSession {
  const sorted = [...found].sort((one, other) => one.key.frame - other.key.frame);
  const hole = sorted.findIndex(({ key }, at) => key.frame !== at);
  const whole = hole < 0 ? sorted : sorted.slice(0, hole);
  const answers = whole.flatMap(({ answer }) => (answer === null ? [] : [[answer.asked, answer] as const]));
  return { key: sorted[0]!.key, frames: whole.map(({ place }) => place), answers: new Map(answers) };
}

function rowOf({ cells, shape: [, width = 0] }: HostArray<"i j", "float64">, row: number): number[] {
  return [...cells.subarray(row * width, (row + 1) * width)];
}
