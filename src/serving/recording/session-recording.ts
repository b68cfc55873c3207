import type { RobotObservation } from "../../batch/observation.ts";
import type { Picture } from "../../dataset/dataset.ts";
import type { FramePosition } from "../continuation.ts";
import type { ServedRobot } from "../robot.ts";
import type { Session } from "../session.ts";
import { cameraColumns, type RecordedAnswer, type RecordedFrame } from "./recorded-frame.ts";
import type { Recorder } from "./recorder.ts";

/** Whose sessions are recorded where. */
export interface SessionPlace {
  readonly recorder: Recorder;
  /** Number of the session. */
  readonly session: number;
  /** Number of the robot among the policy's. */
  readonly robot: number;
}

/** A frame as its session has it. */
export interface SessionFrame {
  readonly observation: RobotObservation;
  readonly prompt: string;
  /** When it came, in seconds since 1970. */
  readonly time: number;
  readonly position: FramePosition;
}

/** What a robot carries out at a frame; `null` where nobody knows yet. */
export type ActionAt = (position: FramePosition) => readonly number[] | null;

/** A frame that is not written yet. */
interface HeldFrame {
  readonly frame: Omit<RecordedFrame, "action" | "answer">;
  readonly position: FramePosition;
  readonly bytes: number;
  /** Whether it has a question that is neither answered nor dropped. */
  isOpen: boolean;
  answer: RecordedAnswer | null;
}

/** One session, recorded: a frame is written once its answer, and what the robot carries out meanwhile, is known. */
export class SessionRecording {
  readonly #place: SessionPlace;
  /** In their order. */
  #held: HeldFrame[] = [];

  constructor(place: SessionPlace) {
    this.#place = place;
  }

  /** The frame that a session has seen last. */
  see(session: Session, { observation, prompt, time, position }: SessionFrame): void {
    const { recorder, session: number } = this.#place;
    const bytes = Object.values(observation.pictures).reduce((sum, picture) => sum + (picture?.cells.length ?? 0), 0);
    if (!recorder.hold(number, bytes)) return;
    const key = { server: recorder.began, session: number, ...session.place };
    const pictures = picturesOf(session.robot, observation);
    const frame = { key, time, state: observation.state, task: prompt, pictures };
    this.#held.push({ frame, position, bytes, isOpen: false, answer: null });
  }

  /** A frame has a question. */
  asks(frame: number): void {
    const held = this.#of(frame);
    if (held !== undefined) held.isOpen = true;
  }

  /** The question of a frame has its answer; `null`: it gets none. */
  answered(frame: number, answer: RecordedAnswer | null): void {
    const held = this.#of(frame);
    if (held === undefined) return;
    held.isOpen = false;
    held.answer = answer;
  }

  /** Writes frames up to the first whose answer or action is not known. */
  write(actionAt: ActionAt): void {
    const { recorder, session, robot } = this.#place;
    for (let held = this.#held[0]; held !== undefined && !held.isOpen; held = this.#held[0]) {
      const action = actionAt(held.position);
      if (action === null) return;
      this.#held.shift();
      recorder.add(session, robot, { ...held.frame, action, answer: held.answer }, held.bytes);
    }
  }

  /** Its episode has ended: what has no answer gets none, and a robot that never got one carried out nothing. */
  end(actionAt: ActionAt): void {
    for (const held of this.#held) held.isOpen = false;
    this.write(actionAt);
    const { recorder, session } = this.#place;
    for (const { bytes } of this.#held) recorder.leaveOut(bytes);
    this.#held = [];
    recorder.end(session);
  }

  #of(frame: number): HeldFrame | undefined {
    return this.#held.find(({ position }) => position.frame === frame);
  }
}

function picturesOf(robot: ServedRobot, { pictures }: RobotObservation): RecordedFrame["pictures"] {
  return cameraColumns(robot).map((column) => {
    const view = robot.embodiment.cameras.find(({ key }) => key === column)?.view ?? "";
    const picture = pictures[view] ?? null;
    return [column, picture === null ? null : plain(picture)] as const;
  });
}

function plain({ shape: [height = 0, width = 0], cells }: Picture) {
  // A copy of the picture alone, to be given away; `slice` of what came over the network would be a view of the message.
  return { height, width, cells: Uint8Array.from(cells) };
}
