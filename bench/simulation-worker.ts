import { parentPort, workerData } from "node:worker_threads";
import { createRobot, findRobot } from "../src/simulation/robots.ts";
import type { Played, PlayRequest } from "./simulation.ts";

const { robot: name, from, to, stride }: PlayRequest = workerData;
const design = findRobot(name);
const robot = await createRobot(design, design.defaults);
let [successes, steps, pictures] = [0, 0, 0];

parentPort?.on("message", () => {
  [successes, steps, pictures] = [0, 0, 0];
  for (let episode = from; episode < to; episode += stride) play(episode);
  const played: Played = { successes, steps, pictures };
  parentPort?.postMessage(played);
});
parentPort?.postMessage("ready");

/** As a policy would see it: every camera at every step. */
function play(episode: number): void {
  robot.reset(0, episode);
  for (let step = 0; step < robot.stepLimit && !robot.isSuccess(); step++) {
    pictures += robot.observe().pictures.size;
    robot.act(robot.demonstrate());
    steps++;
  }
  if (robot.isSuccess()) successes++;
}
