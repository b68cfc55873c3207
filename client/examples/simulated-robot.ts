/**
 * A simulated robot that asks a server for its actions, as a real one would: the loop of `client/` around MuJoCo.
 *
 *     ./armature serve runs/demo/run &
 *     node client/examples/simulated-robot.ts reacher --episodes 20
 *
 * `--delay 2` asks two steps before a chunk is due, while the robot goes on. `--json` prints one object.
 */
import { parseArgs } from "node:util";
import type { Picture } from "../../src/dataset/dataset.ts";
import type { RobotEnvironment, SimulatedObservation } from "../../src/simulation/environment.ts";
import { createRobot, findRobot } from "../../src/simulation/robots.ts";
import { ActionStream } from "../action-stream.ts";
import type { PolicyMetadata } from "../metadata.ts";
import type { CameraPicture, Observation } from "../observation.ts";
import { PolicyClient } from "../policy-client.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    address: { type: "string", default: "ws://127.0.0.1:8000" },
    dataset: { type: "string" },
    episodes: { type: "string", default: "20" },
    execute: { type: "string", default: "8" },
    delay: { type: "string", default: "0" },
    json: { type: "boolean", default: false },
  },
});
const name = positionals[0] ?? "reacher";
const address = new URL(values.address);
address.searchParams.set("dataset", values.dataset ?? name);
const execution = { execute: Number(values.execute), delay: Number(values.delay) };

const client = await PolicyClient.connect(address.href);
const seesPictures = client.metadata.pictureKeys.length > 0;
const design = findRobot(name);
const robot = await createRobot(design, { ...design.defaults, observation: seesPictures ? "pictures" : "state" });

let successes = 0;
const episodes = Number(values.episodes);
for (let episode = 0; episode < episodes; episode++) {
  robot.reset(1000, episode);
  if (await played(robot, new ActionStream(client, execution))) successes++;
  if (!values.json) process.stdout.write(`episode ${episode + 1} of ${episodes}: ${successes} succeeded\n`);
}
if (values.json) process.stdout.write(`${JSON.stringify({ robot: name, episodes, successes })}\n`);
robot.close();
client.close();

/** Plays an episode; whether it succeeded. */
async function played(environment: RobotEnvironment, actions: ActionStream): Promise<boolean> {
  for (let step = 0; step < environment.stepLimit; step++) {
    const observe = () => observationOf(environment.observe(), client.metadata, step === 0);
    environment.act(await actions.next(observe));
    if (environment.isSuccess()) return true;
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
