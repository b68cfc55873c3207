import { describe, expect, it } from "vitest";
import { type ActionSource, ActionStream } from "./action-stream.ts";
import type { Course, Observation } from "./observation.ts";
import type { PolicyAnswer } from "./policy-client.ts";
import { toyMetadata } from "./testing/toy-metadata.ts";

/** Answers, each action of which tells the step of its question and its own step, as soon as the test lets them through. */
class Source implements ActionSource {
  readonly metadata: ActionSource["metadata"];
  readonly courses: (Course | null)[] = [];
  readonly shown: number[] = [];
  readonly open: { readonly answer: () => void; readonly fail: (error: Error) => void }[] = [];
  isImmediate = true;

  constructor(changes: Partial<ActionSource["metadata"]> = {}) {
    this.metadata = { ...toyMetadata, ...changes };
  }

  async see({ state }: Observation): Promise<void> {
    this.shown.push(Array.isArray(state) ? Number(state[0]) : 0);
  }

  infer({ state }: Observation, course: Course | null = null): Promise<PolicyAnswer> {
    this.courses.push(course);
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

  it("says with each question what of the last chunk was carried out, and how long it goes on with it", async () => {
    const source = new Source();
    await steps(new ActionStream(source, { execute: 4, delay: 2 }), 0, 11);
    // Asked at 0, 2, 6 and 10.
    expect(source.courses).toEqual([
      null,
      { carriedOut: 2, delay: 2 },
      { carriedOut: 4, delay: 2 },
      { carriedOut: 4, delay: 2 },
    ]);
    const waiting = new Source();
    await steps(new ActionStream(waiting, { execute: 3, delay: 0 }), 0, 7);
    expect(waiting.courses).toEqual([null, { carriedOut: 3, delay: 0 }, { carriedOut: 3, delay: 0 }]);
    expect(waiting.shown).toEqual([]);
  });

  it("shows a policy with history the frames between, where it is to", async () => {
    const source = new Source();
    await steps(new ActionStream(source, { execute: 4, delay: 2, showsFrames: true }), 0, 8);
    expect(source.shown).toEqual([1, 3, 4, 5, 7]);
  });

  it("tells what a frame failed with that was only shown", async () => {
    const source = new Source();
    source.see = async () => {
      throw new Error("lost");
    };
    const stream = new ActionStream(source, { execute: 4, delay: 0, showsFrames: true });
    await steps(stream, 0, 2);
    await expect(steps(stream, 2, 3)).rejects.toThrow("lost");
  });

  it("refuses chunks that are too short", () => {
    expect(() => new ActionStream(new Source(), { execute: 7, delay: 2 })).toThrow(
      "execute and delay: expected at most the 8 steps of a chunk together, got 7 + 2",
    );
    expect(() => new ActionStream(new Source(), { execute: 8, delay: "measured" })).toThrow(
      "execute and delay: expected at most the 8 steps of a chunk together, got 8 + 1",
    );
  });
});

/** Answers that come when the robot has carried out so many steps, whatever the clock says. */
async function playedWith(latencies: readonly number[], source: Source, steps: number) {
  const stream = new ActionStream(source, { execute: 4, delay: "measured" });
  source.isImmediate = false;
  const taken: number[] = [];
  const waits: number[] = [];
  let asked = 0;
  for (let step = 0; step < steps; step++) {
    const next = stream.next(() => ({ state: [step], pictures: {}, prompt: "go" }));
    await arrival();
    if (source.open.length > asked) waits[asked] = latencies[asked++] ?? 0;
    // The first is waited for.
    if (step === 0) source.open[0]?.answer();
    taken.push((await next)[0] ?? -1);
    for (const [at, wait] of waits.entries()) if (at > 0 && wait === 1) source.open[at]?.answer();
    for (const at of waits.keys()) waits[at]!--;
    await arrival();
  }
  return { stream, taken };
}

/** However long a test takes, what it waits for is there within a step. */
const slow = { stepsPerSecond: 0.1 };

describe("a stream that measures its delay", () => {
  it("asks as many steps ahead as the longest of its answers took, and never waits again", async () => {
    const source = new Source(slow);
    const { stream, taken } = await playedWith([0, 2, 2, 2, 2], source, 18);
    // The first was there at once: the second is asked for one step before it is due, and is late by one. From then on two ahead.
    expect(taken).toEqual([0, 0, 0, 0, 0, 3, 3, 3, 6, 6, 6, 6, 10, 10, 10, 10, 14, 14]);
    expect(source.courses).toEqual([
      null,
      { carriedOut: 3, delay: 1 },
      { carriedOut: 3, delay: 2 },
      { carriedOut: 4, delay: 2 },
      { carriedOut: 4, delay: 2 },
    ]);
    expect(stream.counts).toEqual({ chunks: 5, waited: 1, late: 1 });
    expect(stream.delay).toBe(2);
  });

  it("expects no more than the policy was trained for, nor than a chunk has room for", async () => {
    const trained = await playedWith([0, 3, 3, 3], new Source({ ...slow, longestDelay: 2 }), 14);
    expect(trained.stream.delay).toBe(2);
    const short = await playedWith([0, 2, 2, 2], new Source({ ...slow, actionSteps: 5 }), 14);
    expect(short.stream.delay).toBe(1);
  });

  it("begins an episode with what it measured in those before, and with nothing of their chunks", async () => {
    const source = new Source(slow);
    const { stream } = await playedWith([0, 2, 2], source, 8);
    // The question of step 6 is under way.
    const asked = source.open.length;
    stream.reset();
    expect(stream.delay).toBe(2);
    const next = stream.next(() => ({ state: [100], pictures: {}, prompt: "go" }));
    await arrival();
    source.open[asked - 1]?.answer();
    await arrival();
    source.open[asked]?.answer();
    expect(await next).toEqual([100, 100]);
    expect(source.courses.at(-1)).toBeNull();
    source.isImmediate = true;
    expect((await steps(stream, 101, 107)).map(([of]) => of)).toEqual([100, 100, 100, 102, 102, 102]);
  });

  it("an answer of an episode that has ended fails for nobody", async () => {
    const source = new Source(slow);
    source.isImmediate = false;
    const stream = new ActionStream(source, { execute: 4, delay: "measured" });
    const ended = stream.next(() => ({ state: [0], pictures: {}, prompt: "go" }));
    await arrival();
    source.open[0]?.answer();
    await ended;
    await steps(stream, 1, 4);
    stream.reset();
    source.open[1]?.fail(new Error("late"));
    await arrival();
    source.isImmediate = true;
    expect(await steps(stream, 50, 51)).toEqual([[50, 50]]);
  });

  it("counts the time that it waits in steps", async () => {
    const source = new Source({ stepsPerSecond: 50 });
    source.isImmediate = false;
    const stream = new ActionStream(source, { execute: 4, delay: "measured" });
    const next = stream.next(() => ({ state: [0], pictures: {}, prompt: "go" }));
    // 45 ms are more than two steps of 20 ms.
    setTimeout(() => source.open[0]?.answer(), 45);
    await next;
    expect(stream.delay).toBeGreaterThanOrEqual(3);
  });
});
