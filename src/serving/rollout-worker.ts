import { once } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import { needLibav } from "../dataset/write-video.ts";
import { encodeError } from "../plain-error.ts";
import { Films } from "../simulation/films.ts";
import type { Robot } from "../simulation/robot.ts";
import { createRobot, findRobot } from "../simulation/robots.ts";
import { play } from "../simulation/rollout.ts";
import { compilePolicy, readPolicyWeights } from "./load.ts";
import type { LoadedPolicy } from "./policy.ts";
import { decodeWeights, type FromShare, type PlayedShare, type RolloutShare } from "./rollout-share.ts";
import { PolicyPilot } from "./simulated.ts";

/** The thread that `rollout-crew.ts` starts: it opens its robots and its policy, waits for the others, and plays its episodes. */
const port = parentPort;
if (port === null) throw new Error("rollout-worker: expected to run as a worker of rollout-crew.ts");
const share: RolloutShare = workerData;
const go = once(port, "message");
try {
  post({ kind: "played", played: await playShare() });
} catch (error) {
  post({ kind: "failed", error: encodeError(error) });
}
// Else the process that waits for a message would never end.
port.close();

async function playShare(): Promise<PlayedShare> {
  const { policy: found, weights, rows, machine } = share;
  const own = weights === null ? await readPolicyWeights(found) : decodeWeights(weights);
  const policy = await compilePolicy(found, own, { rows, machine });
  const robots: Robot[] = [];
  try {
    const design = findRobot(share.design);
    for (let seat = 0; seat < share.seats; seat++) robots.push(await createRobot(design, share.options));
    const films = share.folder === null ? null : new Films(await needLibav(), share.folder, design);
    post({ kind: "ready" });
    await go;
    return await playWith(policy, robots, films);
  } finally {
    for (const robot of robots) robot.close();
    policy.release();
  }
}

async function playWith(policy: LoadedPolicy, robots: readonly Robot[], films: Films | null): Promise<PlayedShare> {
  const { robot, seats, plan, episodes, stop } = share;
  const pilot = new PolicyPilot(policy, policy.robots[robot]!, { seats, seed: plan.seed });
  try {
    const rollouts = await play({ robots, pilot }, episodes, plan, {
      finished: (rollout) => post({ kind: "finished", rollout }),
      filmed: (episode, pictures) => films?.add(episode, pictures),
      isStopped: () => Atomics.load(stop, 0) !== 0,
    });
    return { rollouts, films: films?.paths ?? [], policySeconds: pilot.ms / 1000 };
  } finally {
    films?.finish();
  }
}

function post(message: FromShare): void {
  port?.postMessage(message);
}
