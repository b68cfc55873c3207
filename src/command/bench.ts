import { define } from "./definition.ts";
import { choice, count, flag, otherwise, text } from "./parameter.ts";
import { loadTool } from "./tool.ts";

export const benchNames = [
  "answer",
  "dashboard",
  "decoding",
  "engine",
  "films",
  "import",
  "loader",
  "padding",
  "policy",
  "ranks",
  "recompute",
  "reduce",
  "rollout",
  "serve",
  "shapes",
  "simulation",
  "weights",
] as const;

/** Policies that are measured beside LeRobot's, and their sizes. */
export const benchVariants = ["smolvla", "pi0", "pi05", "pi0_fast", "groot_n17"] as const;
export const benchSizes = ["tiny", "base"] as const;
/** What does not train of a policy that is measured: what LeRobot freezes by default, or of SmolVLA its image tower alone. */
export const benchFrozen = ["default", "tower"] as const;
/** What a policy does. */
export const benchTasks = ["answer", "step"] as const;

/** What is to be measured, and how; a bench reads what it has a use for. */
export interface BenchRequest {
  readonly name: (typeof benchNames)[number];
  /** The interpreter with what to compare with; `null`: there is none. */
  readonly python: string | null;
  readonly device: "cpu" | "cuda";
  readonly threads: number;
  readonly workers: number;
  /** Folder of the datasets. */
  readonly data: string;
  /** Turns of each contestant. */
  readonly rounds: number;
  readonly profile: boolean;
  /** The policy; `null`: each that is measured. */
  readonly variant: (typeof benchVariants)[number] | null;
  readonly size: (typeof benchSizes)[number];
  /** Rows of a training step; `null`: those of the size. */
  readonly rows: number | null;
  readonly frozen: (typeof benchFrozen)[number];
  /** What is measured of a policy; `null`: both. */
  readonly task: (typeof benchTasks)[number] | null;
}

const pythonVariable = "ARMATURE_PYTHON";

export const bench = define({
  name: "bench",
  summary: "measure side by side, in turns, on this machine",
  arguments: {
    name: choice("name", "what is measured", benchNames),
  },
  options: {
    python: otherwise(
      text(
        "path",
        `an interpreter with what to compare with (bench/README.md); by default $${pythonVariable}, else none`,
      ),
      undefined,
    ),
    device: otherwise(choice("device", "engine: where both sides compute", ["cpu", "cuda"] as const), "cpu" as const),
    threads: otherwise(
      count("count", "engine, padding, policy, recompute, rollout, serve, shapes, weights: threads of each side"),
      2,
    ),
    workers: otherwise(count("count", "loader, simulation: workers of each side"), 2),
    data: otherwise(text("folder", "loader: folder of the datasets"), "../shared/data/real"),
    rounds: otherwise(count("count", "turns of each contestant"), 9),
    profile: flag("engine: show where the time goes, by operator"),
    variant: otherwise(
      choice("variant", "policy, weights: which one is measured; by default each, of weights smolvla", benchVariants),
      null,
    ),
    size: otherwise(
      choice("size", "policy, weights: its size; base is the published one", benchSizes),
      "tiny" as const,
    ),
    rows: otherwise(count("count", "policy: rows of a training step; by default 8, of base 2"), null),
    frozen: otherwise(
      choice("frozen", "policy: what does not train; tower is that of smolvla alone", benchFrozen),
      "default" as const,
    ),
    task: otherwise(choice("task", "policy: an answer or a training step; by default both", benchTasks), null),
  },
  examples: [
    {
      line: "bench answer",
      shows: "answers of which half of the chunk is computed, beside those of which the whole is",
    },
    {
      line: "bench dashboard --rounds 5",
      shows: "how soon a run of 100,000 steps is drawn, and how even pictures come while one points and zooms",
    },
    { line: "bench engine", shows: "one training step of a four-block transformer, at two sizes" },
    { line: "bench engine --python engine-venv/bin/python", shows: "the same beside PyTorch, eager and compiled" },
    {
      line: "bench engine --device cuda --python engine-venv/bin/python",
      shows: "the same on a card, and at a larger size",
    },
    { line: "bench films", shows: "what comparing films with rows, inspecting and decoding take, of 100 episodes" },
    {
      line: "bench import",
      shows: "how long a checkpoint of 7 GB takes, and the most memory meanwhile; needs 22 GB of disk",
    },
    {
      line: "bench loader --python lerobot-venv/bin/python",
      shows: "samples per second beside LeRobot's dataset class",
    },
    { line: "bench padding", shows: "what selections and masks cost: a training step with them and without" },
    {
      line: "bench policy --python lerobot-venv/bin/python --variant smolvla --size base",
      shows: "answers and training steps of SmolVLA beside LeRobot's, from the same weights",
    },
    {
      line: "bench policy --python lerobot-venv/bin/python --variant smolvla --size base --rows 8 --task step --frozen tower",
      shows: "a step of 8 rows alone, in which all of SmolVLA trains but its image tower",
    },
    {
      line: "bench policy --python lerobot-venv/bin/python --variant pi0_fast --threads 1",
      shows: "the same of one policy whose actions are tokens, on one thread: where others want the cores",
    },
    {
      line: "bench ranks --rounds 3",
      shows: "validation of many small datasets in two ways, and training on two ranks",
    },
    {
      line: "bench recompute",
      shows: "time and memory of gradients that compute layers twice, and of those that do not",
    },
    { line: "bench reduce", shows: "sums of gradients over the ranks that mpirun started, beside MPI's own" },
    { line: "bench rollout --rounds 5", shows: "64 robots with a policy, one after another and side by side" },
    {
      line: "bench serve",
      shows: "what a server adds to its policy's time, and chunks per second of one robot and of eight",
    },
    {
      line: "bench shapes",
      shows:
        "training steps of mixtures in one shape and in shapes that fit, beside what each sample costs beside its own kind",
    },
    { line: "bench simulation", shows: "every robot's expert on 200 starts, and pictures per second" },
    {
      line: "bench weights --variant smolvla --size base --threads 1",
      shows: "answers of SmolVLA as published with its weights as float32 and as int8, in turns",
    },
  ],
  async run(given, terminal) {
    const tool = await loadTool<BenchRequest>("../../bench/run.ts", "bench");
    const python = given.python ?? process.env[pythonVariable] ?? null;
    return await tool.run({ ...given, python }, terminal);
  },
});
