import { onnxBytes } from "../../serving/export-onnx.ts";
import { findPolicy } from "../../serving/load.ts";
import { rolloutSeed } from "../../simulation/seed.ts";
import { RequestRefused } from "../refused.ts";
import { filmBytes, filmsOf, type RunFilmJson } from "../rollouts/films.ts";
import type { PlayedFilms } from "../rollouts/played.ts";
import { exportName, liveRobot, type RolloutRobotJson, rolloutRobots } from "../rollouts/robots.ts";
import type { RolloutRow } from "../run-events.ts";
import { RunFollower } from "../run-follower.ts";
import { askedCount, askedNumber, askedRun } from "./asked.ts";
import type { ApiRequest, Endpoint } from "./endpoint.ts";
import { openedIn } from "./opened.ts";

/** What is known of a run in closed loop, without rolling out anything. */
export interface RolloutsJson {
  /** Of the newest checkpoint; `null` where there is none. */
  readonly step: number | null;
  readonly robots: readonly RolloutRobotJson[];
  /** Why there is no policy to roll out; `null` where there is one. */
  readonly problem: string | null;
  /** What was rolled out while it trained: the last of each robot. */
  readonly logged: readonly RolloutRow[];
  readonly films: readonly RunFilmJson[];
}

const mostEpisodes = 200;

/** Everything that the view of rollouts shows. */
export const rolloutEndpoints: readonly Endpoint[] = [
  {
    path: "/api/runs/:run/rollouts",
    summary: "a run in closed loop: its robots, the last rollouts that it has logged, its films",
    async answer(request) {
      return { kind: "json", value: await rolloutsJson(request) };
    },
  },
  {
    path: "/api/runs/:run/films",
    summary: "a film of a run as mp4: ?name=trained/reacher-000.mp4",
    async answer(request) {
      const source = await askedRun(request, request.parameter("run"));
      const bytes = await filmBytes(request.sources, source, request.query.get("name") ?? "");
      return { kind: "bytes", type: "video/mp4", bytes };
    },
  },
  {
    path: "/api/runs/:run/rollouts/:robot/played",
    summary: "rolls out a robot of a run's newest checkpoint, as armature rollout does; ?episodes=20&seed=1000",
    async answer(request) {
      return { kind: "json", value: (await played(request)).played };
    },
  },
  {
    path: "/api/runs/:run/rollouts/:robot/film",
    summary: "a film of the same rollout as mp4: ?episode=0&episodes=20&seed=1000",
    async answer(request) {
      const { films } = await played(request);
      const bytes = films[askedNumber("episode", request.query.get("episode"))];
      if (bytes === undefined) throw new RequestRefused(404, `expected one of ${films.length} films, got another`);
      return { kind: "bytes", type: "video/mp4", bytes };
    },
  },
  {
    path: "/api/runs/:run/rollouts/:robot/live",
    summary: "what a page has to know to let the policy act for a simulated robot",
    async answer(request) {
      const { folder } = await askedRun(request, request.parameter("run"));
      return { kind: "json", value: await liveRobot(folder, robotNumber(request)) };
    },
  },
  {
    path: "/api/runs/:run/rollouts/:robot/program",
    summary: "the policy for that robot as ONNX, as armature export --onnx writes it",
    async answer(request) {
      const { folder } = await askedRun(request, request.parameter("run"));
      const { robots } = await findPolicy(folder);
      const number = robotNumber(request);
      const robot = robots[number];
      if (robot === undefined)
        throw new RequestRefused(404, `expected one of ${robots.length} robots, counted from 0, got ${number}`);
      const bytes = await onnxBytes({ run: folder, robot: exportName(robot), pictures: "uint8", chunking: "none" });
      return { kind: "bytes", type: "application/octet-stream", bytes };
    },
  },
];

function robotNumber({ parameter }: ApiRequest): number {
  return askedNumber("robot", parameter("robot"));
}

async function rolloutsJson({ sources, ...request }: ApiRequest): Promise<RolloutsJson> {
  const source = await askedRun({ sources, ...request }, request.parameter("run"));
  const part = await new RunFollower(sources, source).next();
  const logged = new Map((part?.rollouts ?? []).map((row) => [`${row.robot} ${row.dataset}`, row]));
  const common = { logged: [...logged.values()], films: await filmsOf(sources, source) };
  try {
    const policy = await findPolicy(source.folder);
    return { ...common, step: policy.step, robots: rolloutRobots(policy), problem: null };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const problem = error.message.replaceAll(`${source.folder}: `, "");
    return { ...common, step: null, robots: [], problem };
  }
}

/** Computed once for the same checkpoint and starts. */
async function played(request: ApiRequest): Promise<PlayedFilms> {
  const { query } = request;
  const source = await askedRun(request, request.parameter("run"));
  const episodes = askedCount(query, "episodes", { most: mostEpisodes, otherwise: 20 });
  const seedText = query.get("seed");
  const seed = seedText === null ? rolloutSeed : askedNumber("seed", seedText);
  return await openedIn(request.sources).played(source, { number: robotNumber(request), episodes, seed });
}
