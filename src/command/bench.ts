import { InputError } from "../input-error.ts";
import { define } from "./definition.ts";
import { choice, count, flag, otherwise, text } from "./parameter.ts";

const pythonVariable = "ARMATURE_PYTHON";
const fewestRounds = 3;

export const bench = define({
  name: "bench",
  summary: "measure side by side, in turns, on this machine",
  arguments: {
    name: choice("name", "what is measured", [
      "answer",
      "engine",
      "loader",
      "padding",
      "ranks",
      "reduce",
      "rollout",
      "simulation",
    ]),
  },
  options: {
    python: otherwise(
      text(
        "path",
        `an interpreter with what to compare with (bench/README.md); by default $${pythonVariable}, else none`,
      ),
      undefined,
    ),
    threads: otherwise(count("count", "engine, padding, rollout: threads of each side"), 2),
    workers: otherwise(count("count", "loader, simulation: workers of each side"), 2),
    data: otherwise(text("folder", "loader: folder of the datasets"), "../shared/data/real"),
    rounds: otherwise(count("count", "turns of each contestant"), 9),
    profile: flag("engine: show where the time goes, by operator"),
  },
  examples: [
    {
      line: "bench answer",
      shows: "answers of which half of the chunk is computed, beside those of which the whole is",
    },
    { line: "bench engine", shows: "one training step of a four-block transformer, at two sizes" },
    { line: "bench engine --python engine-venv/bin/python", shows: "the same beside PyTorch, eager and compiled" },
    {
      line: "bench loader --python lerobot-venv/bin/python",
      shows: "samples per second beside LeRobot's dataset class",
    },
    { line: "bench padding", shows: "what selections and masks cost: a training step with them and without" },
    {
      line: "bench ranks --rounds 3",
      shows: "validation of many small datasets in two ways, and training on two ranks",
    },
    { line: "bench reduce", shows: "sums of gradients over the ranks that mpirun started, beside MPI's own" },
    { line: "bench rollout --rounds 5", shows: "64 robots with a policy, one after another and side by side" },
    { line: "bench simulation", shows: "every robot's expert on 200 starts, and pictures per second" },
  ],
  async run({ name, threads, workers, data, rounds, profile, ...given }, terminal) {
    if (rounds < fewestRounds)
      throw new InputError(`bench --rounds: expected at least ${fewestRounds} for a median, got ${rounds}`);
    const python = given.python ?? process.env[pythonVariable] ?? null;
    if (name === "answer") {
      const { benchAnswer } = await import("../../bench/answer.ts");
      return benchAnswer(rounds, terminal);
    }
    if (name === "engine") {
      const { benchEngine } = await import("../../bench/engine-outcome.ts");
      return benchEngine({ python, threads, rounds, profile }, terminal);
    }
    if (name === "padding") {
      const { benchPadding } = await import("../../bench/padding-outcome.ts");
      return benchPadding({ threads, rounds }, terminal);
    }
    if (name === "ranks") {
      const { benchRanks } = await import("../../bench/ranks-outcome.ts");
      return benchRanks(rounds, terminal);
    }
    if (name === "reduce") {
      const { benchReduce } = await import("../../bench/reduce-outcome.ts");
      return benchReduce(rounds, terminal);
    }
    if (name === "rollout") {
      const { benchRollout } = await import("../../bench/rollout.ts");
      return benchRollout(threads, rounds, terminal);
    }
    if (name === "simulation") {
      const { benchSimulation } = await import("../../bench/simulation.ts");
      return benchSimulation(workers, rounds, terminal);
    }
    const { benchLoader } = await import("../../bench/loader-outcome.ts");
    return benchLoader({ python, data, workers, rounds }, terminal);
  },
});
