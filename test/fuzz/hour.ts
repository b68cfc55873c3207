/**
 * As many questions as robots ask in an hour, one right after the other: is each answered, and does the server stay as large?
 *
 *     node test/fuzz/hour.ts
 *     node test/fuzz/hour.ts --run RUN --robots 4 --seconds 3600 --rate 4
 *
 * Starts `./armature serve`; each robot asks `rate` times for each second. Prints one line for each thing that held; it ends with 1 where
 * one does not.
 */
import { parseArgs } from "node:util";
import { PolicyClient } from "../../client/policy-client.ts";
import { observationFor } from "./healthy.ts";
import { mebibytes, ResidentMemory, say, serveInProcess } from "./served.ts";

const { values } = parseArgs({
  options: {
    run: { type: "string" },
    robots: { type: "string", default: "4" },
    seconds: { type: "string", default: "3600" },
    rate: { type: "string", default: "4" },
  },
});

const robots = Number(values.robots);
const each = Number(values.seconds) * Number(values.rate);
const server = await serveInProcess(values.run, ["--robots", `${robots}`]);
const begun = performance.now();
let [answers, nextTenth] = [0, 0.1];
const memory = new ResidentMemory(server, () => answers / (robots * each));

const ended = await Promise.all(Array.from({ length: robots }, (_, robot) => asked(robot)));
const [warm, last] = [memory.during(0.1, 0.3), memory.during(0.8, 1)];
memory.end();
const seconds = (performance.now() - begun) / 1000;

const whole = ended.filter(({ steps, dofs, isWhole }) => isWhole && steps > 0 && dofs > 0).length;
say(
  answers === robots * each,
  `${answers} answers to ${robots * each} questions of ${robots} robots, in ${seconds.toFixed(0)} s`,
);
say(whole === robots, `${whole} robots got whole chunks of finite numbers, in one session each`);
const growth = last / warm - 1;
say(
  growth <= 0.05,
  `memory ${mebibytes(warm)} from a tenth to three, ${mebibytes(last)} in the last fifth (${(100 * growth).toFixed(1)} %)`,
);
const status = await server.stop();
say(status === 0, `ended with ${status} where it was told to`);

async function asked(robot: number) {
  const client = await PolicyClient.connect(`ws://127.0.0.1:${server.port}/?seed=${robot}`);
  const { actionSteps, actionNames } = client.metadata;
  const observation = observationFor(client.metadata);
  let isWhole = true;
  for (let question = 0; question < each; question++) {
    const { actions, isNewSession } = await client.infer(observation);
    const areNumbers = actions.every((action) => action.length === actionNames.length && action.every(Number.isFinite));
    isWhole &&= areNumbers && actions.length === actionSteps && !isNewSession;
    told(++answers);
  }
  client.close();
  return { steps: actionSteps, dofs: actionNames.length, isWhole };
}

function told(count: number): void {
  if (count < nextTenth * robots * each) return;
  const share = answers / (robots * each);
  process.stderr.write(`${Math.round(100 * nextTenth)} %  ${mebibytes(memory.during(share - 0.1, share))}\n`);
  nextTenth += 0.1;
}
