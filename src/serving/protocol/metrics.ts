import type { GuardedActions } from "../guard.ts";
import type { RecordedCounts, Recorder } from "../recording/recorder.ts";
import { type RefusalKind, refusalKinds } from "../refusal.ts";
import type { ServedRobot } from "../robot.ts";
import { Counter, gaugeLines, Histogram } from "./prometheus.ts";

/** When a message came, its turn began, the policy was asked, it answered, and the reply was on its way, in milliseconds of one clock. */
export interface AnswerTimes {
  readonly came: number;
  readonly begun: number;
  readonly asked: number;
  readonly answered: number;
  readonly sent: number;
}

const stages = ["wait", "read", "policy", "send", "whole"] as const;

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const robotsAtOnce = [1, 2, 4, 8, 16, 32];

/** What a server has done since it began, for Prometheus. */
export class ServerMetrics {
  readonly #requests: Counter;
  readonly #errors = new Counter(refusalKinds.map((kind) => ({ kind })));
  readonly #times = new Histogram("stage", stages, seconds);
  readonly #batches = new Histogram("policy", ["act"], robotsAtOnce);
  readonly #clamped: Counter;
  readonly #slowed: Counter;
  readonly #late: Counter;
  #sessions = 0;

  readonly #recorder: Pick<Recorder, "counts"> | undefined;

  /** @param recorder whose counts are told as well */
  constructor(robots: readonly ServedRobot[], recorder?: Pick<Recorder, "counts">) {
    this.#recorder = recorder;
    const byRobot = robots.map((robot) => labelsOf(robot));
    this.#requests = new Counter(byRobot);
    this.#late = new Counter(byRobot);
    const byDof = robots.flatMap((robot) => robot.embodiment.dofs.map((_, dof) => dofLabels(robot, dof)));
    this.#clamped = new Counter(byDof);
    this.#slowed = new Counter(byDof);
  }

  /** A connection was opened, or closed. */
  sessions(change: 1 | -1): void {
    this.#sessions += change;
  }

  /** So many robots were answered in one call. */
  batch(robots: number): void {
    this.#batches.observe("act", robots);
  }

  refused(kind: RefusalKind): void {
    this.#errors.add({ kind }, 1);
  }

  answered(robot: ServedRobot, safe: GuardedActions, { times, isLate }: { times: AnswerTimes; isLate: boolean }): void {
    this.#requests.add(labelsOf(robot), 1);
    this.#late.add(labelsOf(robot), isLate ? 1 : 0);
    for (const [dof, count] of safe.clamped.entries()) this.#clamped.add(dofLabels(robot, dof), count);
    for (const [dof, count] of safe.slowed.entries()) this.#slowed.add(dofLabels(robot, dof), count);
    const { came, begun, asked, answered, sent } = times;
    const took = { wait: begun - came, read: asked - begun, policy: answered - asked, send: sent - answered };
    for (const [stage, ms] of Object.entries({ ...took, whole: sent - came })) this.#times.observe(stage, ms / 1000);
  }

  /** In Prometheus' text format. */
  text(): string {
    const lines = [
      ...this.#requests.lines("armature_requests_total", "Observations that were answered with actions."),
      ...this.#errors.lines("armature_errors_total", "Observations and connections that were refused, by why."),
      ...this.#times.lines(
        "armature_stage_seconds",
        "How long an answer took, by stage; whole is from frame to frame.",
      ),
      ...this.#batches.lines("armature_batch_robots", "Robots that were answered in one call of the policy."),
      ...this.#clamped.lines(
        "armature_clamped_actions_total",
        "Action steps that were outside the limits of their dof.",
      ),
      ...this.#slowed.lines("armature_slowed_actions_total", "Action steps that were larger than their dof may go."),
      ...this.#late.lines("armature_late_replies_total", "Replies that were later than their deadline."),
      ...gaugeLines("armature_sessions", "Sessions that are open.", this.#sessions),
      ...(this.#recorder === undefined ? [] : recordingLines(this.#recorder.counts)),
    ];
    return `${lines.join("\n")}\n`;
  }
}

function recordingLines({ written, leftOut, isRecording }: RecordedCounts): string[] {
  const counted = (name: string, help: string, count: number) => {
    const counter = new Counter([]);
    counter.add({}, count);
    return counter.lines(name, help);
  };
  return [
    ...counted("armature_recorded_frames_total", "Frames that were given to a recorded episode.", written),
    ...counted("armature_unrecorded_frames_total", "Frames that no recording has.", leftOut),
    ...gaugeLines("armature_recording", "1 while frames are recorded, 0 since recording stopped.", isRecording ? 1 : 0),
  ];
}

function labelsOf({ dataset, embodiment }: ServedRobot) {
  return { dataset, control_mode: embodiment.controlMode };
}

function dofLabels(robot: ServedRobot, dof: number) {
  return { ...labelsOf(robot), dof: robot.embodiment.dofs[dof]!.name };
}
