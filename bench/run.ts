import type { BenchRequest } from "../src/command/bench.ts";
import type { CommandOutcome } from "../src/command/definition.ts";
import type { Terminal } from "../src/command/terminal.ts";
import { InputError } from "../src/input-error.ts";

const fewestRounds = 3;

/** What one bench measures; each is loaded alone, so that none waits for what another needs. */
export async function run(request: BenchRequest, terminal: Terminal): Promise<CommandOutcome> {
  const { name, python, device, threads, workers, data, rounds, profile, variant, size } = request;
  if (rounds < fewestRounds)
    throw new InputError(`bench --rounds: expected at least ${fewestRounds} for a median, got ${rounds}`);
  switch (name) {
    case "answer":
      return (await import("./answer.ts")).benchAnswer(rounds, terminal);
    case "dashboard":
      return (await import("./dashboard.ts")).benchDashboard(rounds, terminal);
    case "decoding":
      return (await import("./decoding.ts")).benchDecoding(rounds, terminal);
    case "engine":
      return (await import("./engine-outcome.ts")).benchEngine({ python, device, threads, rounds, profile }, terminal);
    case "films":
      return (await import("./films.ts")).benchFilms(rounds, terminal);
    case "import":
      return (await import("./importing.ts")).benchImport(terminal);
    case "loader":
      return (await import("./loader-outcome.ts")).benchLoader({ python, data, workers, rounds }, terminal);
    case "padding":
      return (await import("./padding-outcome.ts")).benchPadding({ threads, rounds }, terminal);
    case "policy":
      return (await import("./policy-bench.ts")).benchPolicies(request, terminal);
    case "ranks":
      return (await import("./ranks-outcome.ts")).benchRanks(rounds, terminal);
    case "recompute":
      return (await import("./recompute.ts")).benchRecompute({ rounds, threads }, terminal);
    case "reduce":
      return (await import("./reduce-outcome.ts")).benchReduce(rounds, terminal);
    case "rollout":
      return (await import("./rollout.ts")).benchRollout(threads, rounds, terminal);
    case "serve":
      return (await import("./serving.ts")).benchServing({ python, threads, rounds }, terminal);
    case "shapes":
      return (await import("./shapes.ts")).benchShapes({ threads, rounds }, terminal);
    case "simulation":
      return (await import("./simulation.ts")).benchSimulation(workers, rounds, terminal);
    case "weights":
      return (await import("./weights.ts")).benchWeights({ variant, size, threads, rounds }, terminal);
  }
}
