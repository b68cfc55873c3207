import { changeQuery } from "../address.ts";
import type { EngineFacts, EngineFrame, ToEngine } from "./engine/messages.ts";
import { type Engine, useEngine } from "./engine.ts";
import { LiveNumbers } from "./numbers.tsx";
import { LivePictures } from "./pictures.tsx";
import { PlayedStarts } from "./starts.tsx";

interface LiveProps {
  /** Where the addresses of the robot begin. */
  readonly api: string;
  readonly query: URLSearchParams;
}

/** A robot in the page, with the run's policy. */
export function Live({ api, query }: LiveProps) {
  const asked = query.get("seed");
  const engine = useEngine(api, asked === null ? null : wholeOf(asked, 0));
  const { facts, frame, problem } = engine;
  return (
    <>
      {problem !== null && (
        <p class="problems" role="alert">
          {problem}
        </p>
      )}
      {problem === null && (facts === null || frame === null) && (
        <p class="note" role="status">
          Loading MuJoCo, ONNX Runtime and the policy…
        </p>
      )}
      {facts !== null && frame !== null && <LiveRobot engine={engine} facts={facts} frame={frame} query={query} />}
    </>
  );
}

interface LiveRobotProps {
  readonly engine: Engine;
  readonly facts: EngineFacts;
  readonly frame: EngineFrame;
  readonly query: URLSearchParams;
}

function LiveRobot({ engine, facts, frame, query }: LiveRobotProps) {
  const { send, played, isRunning } = engine;
  const seed = wholeOf(query.get("seed"), facts.seed);
  return (
    <div class="live-robot">
      <div>
        <LivePictures frame={frame} label={`${facts.design}, told to ${frame.instruction}`} send={send} />
        <p class="live-status">
          Start {frame.start} of seed {frame.seed}, step {frame.steps}{" "}
          <strong role="status">{endOf(frame, facts)}</strong>
        </p>
        <Running frame={frame} isRunning={isRunning} seed={seed} send={send} />
        <Target facts={facts} frame={frame} send={send} />
      </div>
      <div>
        <PlayedStarts played={played} seed={seed} start={(count) => send({ kind: "starts", seed, count })} />
        <LiveNumbers facts={facts} frame={frame} />
      </div>
    </div>
  );
}

/** Said once; steps are not, as there are ten in a second. */
function endOf({ end }: EngineFrame, { stepLimit }: EngineFacts): string {
  if (end === null) return "";
  return end.isSuccess ? `reached after ${end.steps} steps` : `not reached within ${stepLimit} steps`;
}

interface RunningProps {
  readonly frame: EngineFrame;
  readonly isRunning: boolean;
  readonly seed: number;
  readonly send: (message: ToEngine) => void;
}

function Running({ frame, isRunning, seed, send }: RunningProps) {
  const begin = (start: number, own = seed) => send({ kind: "begin", seed: own, start });
  return (
    <div class="controls">
      <button
        type="button"
        class="quiet"
        aria-pressed={isRunning}
        onClick={() => send({ kind: "run", isRunning: !isRunning })}
      >
        {isRunning ? "Pause" : "Start"}
      </button>
      <button type="button" class="quiet" disabled={isRunning} onClick={() => send({ kind: "step" })}>
        One step
      </button>
      <button type="button" class="quiet" onClick={() => begin(frame.start)}>
        Again
      </button>
      <button type="button" class="quiet" onClick={() => begin(frame.start + 1)}>
        New start
      </button>
      <label>
        Seed
        <input
          type="number"
          min="0"
          max={2 ** 32 - 1}
          value={seed}
          onChange={(event) => {
            const own = wholeOf(event.currentTarget.value, seed);
            changeQuery({ seed: String(own) }, "replace");
            begin(0, own);
          }}
        />
      </label>
    </div>
  );
}

interface TargetProps extends Pick<RunningProps, "frame" | "send"> {
  readonly facts: EngineFacts;
}

/** The same as by dragging, for the keyboard. */
function Target({ facts: { targetArea }, frame: { target }, send }: TargetProps) {
  const [x, y] = target;
  const slider = (name: string, value: number, [low, high]: readonly [number, number], move: (to: number) => void) => (
    <label>
      Target {name}
      <input
        type="range"
        min={low}
        max={high}
        step="0.005"
        value={value}
        aria-valuetext={`${(100 * value).toFixed(1)} cm`}
        onInput={(event) => move(Number(event.currentTarget.value))}
      />
      <output>{(100 * value).toFixed(1)} cm</output>
    </label>
  );
  return (
    <div class="controls">
      {slider("x", x, targetArea.x, (to) => send({ kind: "target", x: to, y }))}
      {slider("y", y, targetArea.y, (to) => send({ kind: "target", x, y: to }))}
      <span class="quiet-text">or drag it in a picture</span>
    </div>
  );
}

/** A whole number from 0; another where the text is none. */
function wholeOf(text: string | null, otherwise: number): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : otherwise;
}
