import { useEffect, useRef, useState } from "preact/hooks";
import type { EngineFacts, EngineFrame, FromEngine, PlayedStart, ToEngine } from "./engine/messages.ts";

/** A robot that is simulated beside the page. */
export interface Engine {
  /** `null` until it is there. */
  readonly facts: EngineFacts | null;
  readonly frame: EngineFrame | null;
  /** Starts that were played as fast as they go, since they were asked for. */
  readonly played: readonly PlayedStart[];
  /** Whether it acts in real time. */
  readonly isRunning: boolean;
  readonly problem: string | null;
  send(message: ToEngine): void;
}

type Shown = Omit<Engine, "send">;

const nothing: Shown = { facts: null, frame: null, played: [], isRunning: false, problem: null };

/**
 * Simulates a robot in a worker, which loads physics, runtime and program, for as long as this is on the page.
 *
 * @param api where the addresses of the robot begin
 * @param seed of the start that it begins at; `null` for the robot's own
 */
export function useEngine(api: string, seed: number | null): Engine {
  const [shown, setShown] = useState(nothing);
  const worker = useRef<Worker | null>(null);
  useEffect(() => {
    const own = new Worker(new URL("./engine/worker.ts", import.meta.url), { type: "module", name: "robot" });
    worker.current = own;
    own.addEventListener("message", ({ data }: MessageEvent<FromEngine>) => setShown((before) => after(before, data)));
    own.addEventListener("error", ({ message }) =>
      setShown((before) => ({ ...before, problem: message === "" ? "the worker does not load" : message })),
    );
    own.postMessage({ kind: "open", api, seed } satisfies ToEngine);
    return () => own.terminate();
  }, [api]);
  const send = (message: ToEngine) => {
    if (message.kind === "starts") setShown((before) => ({ ...before, played: [], isRunning: false }));
    if (message.kind === "run") setShown((before) => ({ ...before, isRunning: message.isRunning }));
    worker.current?.postMessage(message);
  };
  return { ...shown, send };
}

function after(before: Shown, message: FromEngine): Shown {
  switch (message.kind) {
    case "ready":
      return { ...before, facts: message.facts };
    case "frame":
      return { ...before, frame: message.frame };
    case "played":
      return { ...before, played: [...before.played, message.rollout] };
    case "failed":
      return { ...before, isRunning: false, problem: message.message };
  }
}
