import { integrate } from "../../src/flow/integrate.ts";
import { fillNoise } from "../../src/flow/noise.ts";
import { firstNoise, flowPoint } from "../../src/flow/path.ts";
import { timeDirections } from "../../src/flow/time.ts";
import { HostArray } from "../../src/graph/host-array.ts";
import { multiply, scale } from "../../src/graph/op/elementwise.ts";
import { less } from "../../src/graph/op/select.ts";
import { stream } from "../../src/graph/random.ts";
import { Rules } from "../../src/validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../../src/validity/symbolic.ts";
import { argumentsOf, graphOf, type Inputs, type LawsOf, type Subject } from "./subject.ts";

const cells = ["b t d", [3, 2, 4]] as const;
const isReal = [1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const signature: Subject["signature"] = {
  real: { actions: "real", noise: "real" },
  unreal: "anything",
  grows: { d: "bits", t: "bits", b: "bits" },
  rows: { relative: 0, absolute: 0, because: "each cell is computed by itself" },
  horizon: null,
};

const padded = (inputs: Inputs, name: string) => {
  const values = inputs.value(name, "b t d");
  return SymbolicPadded.of(values, SymbolicValidity.input("real", "b t d", values.shape));
};

function point(rules: Rules): Subject {
  return {
    given: argumentsOf({ actions: cells, noise: cells, time: ["b t", [3, 2]] }, { real: [...cells, isReal] }),
    signature,
    run: graphOf((inputs) => {
      const [actions, noise] = [padded(inputs, "actions"), padded(inputs, "noise")];
      const time = inputs.value("time", "b t");
      const outputs = timeDirections.map((timeDirection) => {
        const { noisy, velocity } = flowPoint(actions, noise, time, { timeDirection, unrealInput: "zero", rules });
        return { [`noisy, ${timeDirection}`]: noisy, [`velocity, ${timeDirection}`]: velocity };
      });
      return { outputs: Object.assign({}, ...outputs), by: { actions: inputs.value("actions", "b t d") } };
    }, new Map()),
  };
}

/** Actions of a policy whose velocity is a multiple of where it stands. */
export function sampler(rules: Rules): Subject {
  return {
    given: argumentsOf({ noise: cells }, { real: [...cells, isReal] }),
    signature: { ...signature, real: { noise: "real" } },
    run: graphOf((inputs) => {
      const outputs = timeDirections.map((timeDirection) => ({
        [timeDirection]: integrate(padded(inputs, "noise"), ({ noisy }) => multiply(scale(noisy, 0.3), noisy), {
          steps: 3,
          embedding: { kind: "continuous", width: 4 },
          timeDirection,
          unrealInput: "zero",
          rules,
        }),
      }));
      return { outputs: Object.assign({}, ...outputs), by: {} };
    }, new Map()),
  };
}

/** Actions of the same policy that go on from others: frozen, or bent towards them. */
function carriedSampler(kind: "frozen" | "guided"): Subject {
  return {
    given: argumentsOf({ noise: cells, actions: cells, held: ["b t", [3, 2]] }, { real: [...cells, isReal] }),
    signature,
    run: graphOf((inputs) => {
      const held = inputs.value("held", "b t");
      const actions = padded(inputs, "actions");
      const isHeld = less(scale(held, 0), held);
      const guidance = { kind: "guided", actions, held, greatestWeight: 5, gradient: "whole" } as const;
      const outputs = timeDirections.map((timeDirection) => ({
        [timeDirection]: integrate(padded(inputs, "noise"), ({ noisy }) => multiply(scale(noisy, 0.3), noisy), {
          steps: 3,
          embedding: { kind: "continuous", width: 4 },
          timeDirection,
          unrealInput: "zero",
          rules: Rules.all,
          carried: kind === "frozen" ? { kind, actions, isHeld } : guidance,
        }),
      }));
      return { outputs: Object.assign({}, ...outputs), by: {} };
    }, new Map()),
  };
}

const start: Subject = {
  given: argumentsOf({ noise: cells }, { real: [...cells, isReal] }),
  signature: { ...signature, real: { noise: "real" } },
  run: graphOf((inputs) => {
    const options = { unrealInput: "zero", rules: Rules.all, guard: "input-side" } as const;
    return {
      outputs: { start: firstNoise(padded(inputs, "noise"), options) },
      by: { noise: inputs.value("noise", "b t d") },
    };
  }, new Map()),
};

/** Noise of a robot whose dofs lie in the real slots. */
const noise: Subject = {
  given: argumentsOf({}, { real: ["d", [5], [0, 1, 1, 0, 1]], steps: ["t", [2], [1, 1]] }),
  signature: { real: {}, unreal: "anything", grows: { d: "bits", t: "bits" }, rows: "not independent", horizon: null },
  async run({ masks }) {
    const { cells: real } = masks.get("real")!;
    const steps = masks.get("steps")!.shape[0]!;
    let dof = 0;
    const own = Int32Array.from(real, (bit) => (bit === 1 ? dof++ : -1));
    const out = new Float32Array(steps * own.length);
    fillNoise(out, own, { random: stream(1, "laws of noise"), key: { episode: 2, frame: 3, draw: 0 } });
    return new Map([["noise", new HostArray("t d", [steps, own.length], "float32", out)]]);
  },
};

export const pathLaws: LawsOf<typeof import("../../src/flow/path.ts")> = {
  flowPoint: point(Rules.all),
  firstNoise: start,
};
export const integrateLaws: LawsOf<typeof import("../../src/flow/integrate.ts")> = { integrate: sampler(Rules.all) };
export const noiseLaws: LawsOf<typeof import("../../src/flow/noise.ts")> = { fillNoise: noise };
const ofTurns = { because: "numbers of Euler steps, which have no cells that may not exist" };
export const guidanceLaws: LawsOf<typeof import("../../src/flow/guidance.ts")> = {
  guided: carriedSampler("guided"),
  guidanceWeight: ofTurns,
  guidedTurns: ofTurns,
  turnOf: ofTurns,
};
const perSample = { because: "a function of a sample's key or of a time, none of which is padded" };
export const timeLaws: LawsOf<typeof import("../../src/flow/time.ts")> = {
  timeWidth: { because: "counts numbers that stand for a time" },
  timeOfData: perSample,
  sampleTime: perSample,
  embedTime: perSample,
  embedTimes: perSample,
};

/** What the suite has to find: the guard of the noise left out on either side. */
export const withoutGuard = {
  "input-side": point(Rules.without("input-side")),
  "inference-side": sampler(Rules.without("inference-side")),
} as const;
