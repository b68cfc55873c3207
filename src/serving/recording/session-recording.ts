import type { RobotObservation } from "../../batch/observation.ts";
import type { Picture } from "../../dataset/dataset.ts";
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
  /** Seconds since 1970. */
  readonly time: number;
  /** What the robot carries out now. */
  readonly action: readonly number[];
  readonly answer: RecordedAnswer | null;
}

/** One session, recorded. */
export class SessionRecording {
  readonly #place: SessionPlace;

  constructor(place: SessionPlace) {
    this.#place = place;
  }

  /** Adds the frame that a session has seen last. */
  add(session: Session, { observation, prompt, ...frame }: SessionFrame): void {
    const { recorder, session: number, robot } = this.#place;
    const recorded: RecordedFrame = {
      ...frame,
      key: { server: recorder.began, session: number, ...session.place },
      state: observation.state,
      task: prompt,
      pictures: picturesOf(session.robot, observation),
    };
    recorder.add(number, robot, recorded);
  }

  /** Its episode has ended. */
  end(): void {
    this.#place.recorder.end(this.#place.session);
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
