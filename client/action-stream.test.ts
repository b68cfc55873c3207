import { describe, expect, it } from "vitest";
import { type ActionSource, ActionStream } from "./action-stream.ts";
import type { PolicyAnswer } from "./policy-client.ts";

const metadata: ActionSource["metadata"] = {
  policy: "pi0",
  step: 1,
  robot: "toy",
  dataset: "toy",
  controlMode: "joint",
  actionSteps: 8,
  stepsPerSecond: 10,
  actionNames: ["a", "b"],
  stateNames: ["step"],
  stateKeys: ["observation/state"],
  pictureKeys: [],
  prompt: null,
};

/** Answers, each action of which tells the step of its question and its own step, as soon as the test lets them through. */
class Source implements ActionSource {
  readonly metadata = metadata;
  readonly open: { readonly answer: () => void; readonly fail: (error: Error) => void }[] = [];
  isImmediate = true;

  infer({ state }: Parameters<ActionSource["infer"]>[0]): Promise<PolicyAnswer> {
    const asked = Array.isArray(state) ? Number(state[0]) : 0;
    const answer = Promise.withResolvers<PolicyAnswer>();
    const actions = Array.from({ length: 8 }, (_, ahead) => [asked, asked + ahead]);
    const facts = { clamped: 0, slowed: 0, lateMs: 0, saidSteps: null, policyMs: 1, serverMs: 1, previousMs: null };
    const settle = () => answer.resolve({ actions, ...facts, isNewSession: false });
    if (this.isImmediate) settle();
    else this.open.push({ answer: settle, fail: answer.reject });
    return answer.promise;
  }
}

/** A robot's step takes time: what has been answered arrives. */
const arrival = () => new Promise((settle) => setImmediate(settle));

/** The next actions, each asked for with the number of its step as the state. */
async function steps(stream: ActionStream, from: number, to: number): Promise<(readonly number[])[]> {
  const taken: (readonly number[])[] = [];
  for (let step = from; step < to; step++) {
    taken.push(await stream.next(() => ({ state: [step], pictures: {}, prompt: "go" })));
    await arrival();
  }
  return taken;
}

describe("a stream of actions", () => {
  it("without delay awaits each chunk where it is due, as openpi's chunk broker does", async () => {
    const stream = new ActionStream(new Source(), { execute: 3, delay: 0 });
    const taken = await steps(stream, 0, 7);
    expect(taken.map(([asked]) => asked)).toEqual([0, 0, 0, 3, 3, 3, 6]);
    expect(taken.map(([, meant]) => meant)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(stream.counts).toEqual({ chunks: 3, waited: 3, late: 0 });
  });

  it("with a delay asks before a chunk is due, and leaves out the steps that are past by then", async () => {
    const stream = new ActionStream(new Source(), { execute: 4, delay: 2 });
    const taken = await steps(stream, 0, 9);
    expect(taken.map(([asked]) => asked)).toEqual([0, 0, 0, 0, 2, 2, 2, 2, 6]);
    expect(taken.map(([, meant]) => meant)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(stream.counts).toEqual({ chunks: 3, waited: 1, late: 0 });
  });

  it("goes on with the chunk before while the one that is due is late, and goes over to it when it comes", async () => {
    const source = new Source();
    const stream = new ActionStream(source, { execute: 4, delay: 2 });
    const first = await steps(stream, 0, 2);
    source.isImmediate = false;
    const late = await steps(stream, 2, 6);
    source.open[0]?.answer();
    await arrival();
    const [after] = await steps(stream, 6, 7);
    expect([...first, ...late].map(([asked]) => asked)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(after).toEqual([2, 6]);
    // Steps 4 and 5 went on with the chunk of step 0.
    expect(stream.counts).toMatchObject({ late: 2, waited: 1 });
  });

  it("tells once what a question failed with, and asks again at the next step", async () => {
    const source = new Source();
    const stream = new ActionStream(source, { execute: 4, delay: 0 });
    source.isImmediate = false;
    const failing = stream.next(() => ({ state: [0], pictures: {}, prompt: "go" }));
    await arrival();
    source.open[0]?.fail(new Error("no"));
    await expect(failing).rejects.toThrow("no");
    source.isImmediate = true;
    expect(await steps(stream, 5, 6)).toEqual([[5, 5]]);
  });

  it("refuses chunks that are too short", () => {
    expect(() => new ActionStream(new Source(), { execute: 7, delay: 2 })).toThrow(
      "execute and delay: expected at most the 8 steps of a chunk together, got 7 + 2",
    );
  });
});
