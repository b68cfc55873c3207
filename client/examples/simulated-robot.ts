/**
 * A simulated robot that asks a server for its actions, as a real one would: the loop of `client/` around MuJoCo.
 *
 *     ./armature serve runs/demo/run &
 *     node client/examples/simulated-robot.ts reacher --episodes 20
 *
 * `--delay 2` asks two steps before a chunk is due, while the robot goes on, and `--delay measured` as many as answers take. In a simulator
 * answers take no time: `--latency 4` has them come when the robot has carried out four steps. Against `serve --chunking guided` each chunk
 * goes on from what the robot carries out meanwhile:
 *
 *     ./armature serve runs/demo/run --chunking guided &
 *     node client/examples/simulated-robot.ts pusher --episodes 50 --delay measured --latency 4
 *
 * `--frames` shows the server each frame, as a policy with history needs it; with `--seed` the noise is then that of `rollout` of the
 * same seed. `--json` prints one object.
 */
import { parseArgs } from "node:util";
import type { Picture } from "../../src/dataset/dataset.ts";
import type { RobotEnvironment, SimulatedObservation } from "../../src/simulation/environment.ts";
import { createRobot, findRobot } from "../../src/simulation/robots.ts";
import { ActionStream, type StreamExecution } from "../action-stream.ts";
import type { PolicyMetadata } from "../metadata.ts";
import type { CameraPicture, Observation } from "../observation.ts";
import { PolicyClient } from "../policy-client.ts";
import { LateSource } from "./late-source.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    address: { type: "string", default: "ws://127.0.0.1:8000" },
    dataset: { type: "string" },
    episodes: { type: "string", default: "20" },
    execute: { type: "string", default: "8" },
    delay: { type: "string", default: "0" },
    latency: { type: "string", default: "0" },
    frames: { type: "boolean", default: false },
    seed: { type: "string", default: "1000" },
    json: { type: "boolean", default: false },
  },
});
const name = positionals[0] ?? "reacher";
const address = new URL(values.address);
address.searchParams.set("dataset", values.dataset ?? name);
address.searchParams.set("seed", values.seed);
const delay = values.delay === "measured" ? "measured" : Number(values.delay);
const execution: StreamExecution = { execute: Number(values.execute), delay, showsFrames: values.frames };

const client = await PolicyClient.connect(address.href);
const seesPictures = client.metadata.pictureKeys.length > 0;
const design = findRobot(name);
const robot = await createRobot(design, { ...design.defaults, observation: seesPictures ? "pictures" : "state" });

const { actionSteps } = client.metadata;
const latency = Number(values.latency);
if (latency > actionSteps - execution.execute)
  throw new Error(
    `--latency: expected at most the ${actionSteps - execution.execute} steps that a chunk has left, got ${latency}`,
  );

const source = new LateSource(client, latency);
const actions = new ActionStream(source, execution);
let [successes, steps] = [0, 0];
const episodes = Number(values.episodes);
for (let episode = 0; episode < episodes; episode++) {
  robot.reset(Number(values.seed), episode);
  for (const each of [source, actions]) each.reset();
  if (await played(robot, episode)) successes++;
  if (!values.json) process.stdout.write(`episode ${episode + 1} of ${episodes}: ${successes} succeeded\n`);
}
if (values.json)
  process.stdout.write(`${JSON.stringify({ robot: name, episodes, successes, steps, ...actions.counts })}\n`);
robot.close();
client.close();

/** Plays an episode; whether it succeeded. */
async function played(environment: RobotEnvironment, episode: number): Promise<boolean> {
  for (let step = 0; step < environment.stepLimit; step++) {
    // A connection begins with an episode of its own.
    const begins = step === 0 && episode > 0;
    environment.act(await actions.next(() => observationOf(environment.observe(), client.metadata, begins)));
    steps++;
    if (environment.isSuccess()) return true;
    await source.stepped();
  }
  return false;
}

function observationOf(
  { state, instruction, pictures }: SimulatedObservation,
  { pictureKeys, prompt }: PolicyMetadata,
  reset: boolean,
): Observation {
  // The policy's view `camera` is the robot's camera `observation.images.camera`.
  const seen = pictureKeys.map((key) => [key, cameraPicture(pictures.get(key.replaceAll("/", ".")))] as const);
  return { state, pictures: Object.fromEntries(seen), prompt: prompt ?? instruction, reset };
}

function cameraPicture(found: Picture | undefined): CameraPicture | null {
  if (found === undefined) return null;
  const [height = 0, width = 0] = found.shape;
  return { height, width, pixels: Uint8Array.from(found.cells) };
}
