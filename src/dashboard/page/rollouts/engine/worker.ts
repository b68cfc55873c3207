import { openWebProgram } from "../../../../graph/runtime/web-program.ts";
import type { LiveRobotJson } from "../../../rollouts/robots.ts";
import { fetchJson } from "../../fetched.ts";
import { LiveRobot } from "./live-robot.ts";
import type { FromEngine, ToEngine } from "./messages.ts";

// Simulates one robot beside the page, so that the page stays quick: it answers one message after the other.
let robot: LiveRobot | null = null;
let isRunning = false;
let timer: ReturnType<typeof setTimeout> | undefined;
let last: Promise<void> = Promise.resolve();

addEventListener("message", ({ data }: MessageEvent<ToEngine>) => {
  if (data.kind === "run") isRunning = data.isRunning;
  if (data.kind === "starts") isRunning = false;
  after(() => handle(data));
});

function after(work: () => Promise<void>): void {
  last = last.then(work).catch((error: unknown) => {
    isRunning = false;
    tell({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  });
}

async function handle(message: ToEngine): Promise<void> {
  if (message.kind === "open") {
    robot = await opened(message.api);
    if (message.seed !== null) robot.begin(message.seed, 0);
    tell({ kind: "ready", facts: robot.facts });
  } else if (message.kind === "starts") await playAll(opener(), message);
  else await move(opener(), message);
  show();
}

async function opened(api: string): Promise<LiveRobot> {
  const [live, model] = await Promise.all([fetchJson<LiveRobotJson>(`${api}/live`), fetchBytes(`${api}/program`)]);
  return await LiveRobot.open(live, await openWebProgram(model));
}

async function fetchBytes(address: string): Promise<Uint8Array> {
  const response = await fetch(address);
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  const { error } = await response.json();
  throw new Error(String(error));
}

function opener(): LiveRobot {
  if (robot === null) throw new RangeError("engine: expected a robot that is open, got none");
  return robot;
}

async function move(own: LiveRobot, message: Exclude<ToEngine, { kind: "open" | "starts" }>): Promise<void> {
  switch (message.kind) {
    case "begin":
      return own.begin(message.seed, message.start);
    case "run":
      return keepTime(own, 0);
    case "step":
      return await own.step();
    case "target":
      return own.moveTarget([message.x, message.y]);
    case "point":
      return own.moveTargetTo(message.camera, message);
  }
}

/** Steps as often as the robot has frames, for as long as it runs. */
function keepTime(own: LiveRobot, waitMs: number): void {
  clearTimeout(timer);
  if (!isRunning) return;
  const step = async () => {
    if (!isRunning) return;
    const from = performance.now();
    await own.step();
    show();
    keepTime(own, Math.max(0, 1000 / own.facts.framesPerSecond - (performance.now() - from)));
  };
  timer = setTimeout(() => after(step), waitMs);
}

/** Afterwards the robot stands at the first of them. */
async function playAll(own: LiveRobot, { seed, count }: Extract<ToEngine, { kind: "starts" }>): Promise<void> {
  for (let start = 0; start < count; start++) tell({ kind: "played", rollout: await own.play(seed, start) });
  own.begin(seed, 0);
}

function show(): void {
  const { frame } = opener();
  postMessage({ kind: "frame", frame } satisfies FromEngine, {
    transfer: frame.pictures.map(({ cells }) => cells.buffer),
  });
}

function tell(message: FromEngine): void {
  postMessage(message);
}
