import { resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import type { LoadedPolicy } from "../serving/policy.ts";
import type { Log } from "../serving/protocol/log.ts";
import type { ServerLimits } from "../serving/protocol/options.ts";
import type { Recorder } from "../serving/recording/recorder.ts";
import { brokenAnswerChoices } from "../serving/said.ts";
import { define } from "./definition.ts";
import { deviceOption } from "./device.ts";
import { choice, count, natural, otherwise, portNumber, text } from "./parameter.ts";
import { policyArgument } from "./run-argument.ts";
import { servingPlan } from "./serve-plan.ts";
import { recorderOf, recordOptions } from "./serve-record.ts";
import { ruleOptions } from "./serve-rules.ts";
import { sessionOptions } from "./serve-sessions.ts";
import { weightChangeSaid, weightOptions } from "./serve-weights.ts";
import { watchStopSignals } from "./stop-signal.ts";
import type { Terminal } from "./terminal.ts";

export const serve = define({
  name: "serve",
  summary: "answer robots over a network with a run's policy, as clients of openpi ask",
  arguments: { run: policyArgument },
  options: {
    host: otherwise(text("address", "to listen on; only this machine reaches the default"), "127.0.0.1"),
    port: otherwise(portNumber("to listen on"), 8000),
    keys: otherwise(
      text("name", "where messages hold state, pictures and prompt: own, aloha, droid, libero, or a JSON file"),
      "own",
    ),
    lerobotPort: otherwise(
      portNumber("where LeRobot's own client (lerobot.async_inference) is answered as well"),
      null,
    ),
    lerobotKeys: otherwise(
      text(
        "file",
        "where LeRobot's frames hold what the policy sees, as a file of --keys; left out, under the dataset's keys",
      ),
      null,
    ),
    robots: otherwise(count("robots", "that are answered in one call, at most"), 1),
    gather: otherwise(natural("milliseconds", "that a call waits for the next robot that asks, at most"), 5),
    device: deviceOption,
    lanes: otherwise(count("calls", "side by side, each on its share of the threads: more answers, each later"), 1),
    connections: otherwise(count("connections", "that are open at the same time, at most"), 16),
    messageMegabytes: otherwise(count("megabytes", "of one message, at most"), 64),
    waiting: otherwise(count("messages", "of one connection that wait for answers, at most"), 8),
    idle: otherwise(count("seconds", "without a message after which a connection is closed"), 600),
    rate: otherwise(count("messages", "per second of one key, or of one address where there are no keys"), null),
    apiKeyFile: otherwise(text("file", "with a key on each line, one of which a client has to send"), null),
    tlsCert: otherwise(text("file", "with a certificate in PEM; with --tls-key connections are encrypted"), null),
    tlsKey: otherwise(text("file", "with the private key of the certificate, in PEM"), null),
    brokenAnswers: otherwise(
      choice(
        "what",
        "a robot gets for an answer that is no chunk: an error, or zeros in unit scale",
        brokenAnswerChoices,
      ),
      brokenAnswerChoices[0],
    ),
    ...ruleOptions,
    stale: otherwise(count("ms", "that an observation may be old, by its time; left out, it may be of any age"), null),
    deadline: otherwise(
      count("ms", "after which a reply says that it is late; left out, as long as a chunk lasts"),
      null,
    ),
    ...sessionOptions,
    ...weightOptions,
    ...recordOptions,
    log: otherwise(
      choice("how", "events are written: a line to read, or one JSON object on each", ["text", "json"]),
      "text",
    ),
    seed: otherwise(natural("seed", "noise of a connection follows from it, and from how many came before"), 0),
  },
  examples: [
    { line: "serve runs/wide", shows: "where it listens; Ctrl-C answers what was asked, and ends" },
    {
      line: "serve runs/wide --log json",
      shows: "the same, an event on each line; http://127.0.0.1:8000/metrics is for Prometheus",
    },
    {
      line: "serve so101.onnx",
      shows: "the same by a file that `export --onnx` wrote: a robot, its limits and its tokenizer are in it",
    },
    {
      line: "serve runs/wide --keys droid --port 8001",
      shows: "the same for messages as openpi's DROID robots send them",
    },
    {
      line: "serve runs/so101 --lerobot-port 8080",
      shows: "the same, and for python -m lerobot.async_inference.robot_client --server_address=127.0.0.1:8080",
    },
    {
      line: "serve runs/wide --limits refuse --largest-step 0.05 --stale 200",
      shows: "an error in place of actions outside the data's range, small steps, and no old pictures",
    },
    {
      line: "serve runs/wide --chunking guided --horizon 8",
      shows: "chunks that go on from those before them, for robots that ask after every 8 steps, and go on meanwhile",
    },
    {
      line: "serve runs/wide --weights int8",
      shows: "answers in less time and memory, and first how far that moves actions on held-out samples",
    },
    {
      line: "serve runs/pi0 --limits off --weights int8 --measure-on so101_pick",
      shows: "the same of weights that were imported without a dataset of their robot",
    },
    {
      line: "serve runs/wide --smooth 0.01",
      shows:
        "actions averaged over the chunks that have one for a step, for robots that ask at each step; off by default",
    },
    {
      line: "serve runs/wide --record recordings",
      shows: "and what is asked and answered, as a dataset for each robot; replay asks it again",
    },
    {
      line: "serve runs/wide --host 0.0.0.0 --api-key-file keys.txt --rate 20 --tls-cert cert.pem --tls-key key.pem",
      shows: "the same for others who have a key, each 20 times a second at most, and nobody reads along",
    },
  ],
  async run(given, terminal) {
    const { found, choice, recorded, ...plan } = await servingPlan(given);
    const { openPolicy } = await import("../serving/load.ts");
    const { startServer } = await import("../serving/protocol/server.ts");
    collectSeldom();
    const say = await logOf(given.log, terminal);
    const weightChange = await weightChangeSaid(resolve(given.run), found.recipe, given, say);
    const stopped = Promise.withResolvers<void>();
    const signals = watchStopSignals(stopped.resolve);
    let recorder: Recorder | undefined;
    let policy: LoadedPolicy | undefined;
    try {
      recorder = await recorderOf(recorded, say);
      policy = await openPolicy(found, choice);
      for (const note of policy.notes) say(note);
      const { host, port, seed, gather: gatherMs, stale: staleMs, deadline: deadlineMs } = given;
      const times = { gatherMs, staleMs, deadlineMs, ...clocks };
      const limits = boundsOf(given);
      const server = await startServer({ ...plan, host, port, seed, policy, limits, ...times, recorder, log: say });
      for (const robot of policy.robots) say(`acts for ${robot.name}`);
      await stopped.promise;
      say("stopping: answers what was asked", { event: "stopping" });
      await server.stop();
    } finally {
      await recorder?.close();
      signals.forget();
      policy?.release();
    }
    const json = { run: resolve(given.run), step: found.step, weights: given.weights, weightChange };
    return { status: 0, json, text: "stopped" };
  },
});

/**
 * Lets JavaScript's memory grow to twice what lives in it before V8 marks everything, so that it gets no further than where what is young is
 * collected (`youngMemory`): as V8 chooses, the pictures of ten questions are enough for it to begin.
 */
function collectSeldom(): void {
  setFlagsFromString("--heap-growing-percent=100");
}

const clocks = { now: () => performance.now(), clock: () => Date.now() };

async function logOf(how: string, { err }: Terminal): Promise<Log> {
  const { jsonLog } = await import("../serving/protocol/log.ts");
  const write = (line: string) => void err.write(`${line}\n`);
  return how === "json" ? jsonLog(write, clocks.clock) : write;
}

function boundsOf(given: {
  readonly messageMegabytes: number;
  readonly connections: number;
  readonly waiting: number;
  readonly idle: number;
  readonly rate: number | null;
}): ServerLimits {
  const { messageMegabytes, connections, waiting, idle, rate } = given;
  return { messageBytes: messageMegabytes * 2 ** 20, connections, waiting, idleMs: 1000 * idle, perSecond: rate };
}
