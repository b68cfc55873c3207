import { expect, it } from "vitest";
import { ObservationQueue } from "./observation-queue.ts";

const seen = (timestep: number, state: readonly number[], mustGo = false) => ({
  timestep,
  state: Float64Array.from(state),
  mustGo,
});

it("the first observation is answered, then those of new steps whose state is 1 away", () => {
  const queue = new ObservationQueue();
  expect(queue.take()).toBe(null);
  expect(queue.offer(seen(0, [0, 0]))).toBe(true);
  expect(queue.take()?.timestep).toBe(0);
  expect(queue.take()).toBe(null);
  expect(queue.offer(seen(0, [9, 9]))).toBe(false); // Its time step was answered.
  expect(queue.offer(seen(1, [0.59, 0.8]))).toBe(false); // 0.9941 away.
  expect(queue.take()).toBe(null);
  expect(queue.offer(seen(1, [0.6, 0.8]))).toBe(true); // 1 away.
  expect(queue.take()?.timestep).toBe(1);
});

it("one that must go is answered in any case", () => {
  const queue = new ObservationQueue();
  queue.offer(seen(0, [0]));
  queue.take();
  expect(queue.offer(seen(0, [0], true))).toBe(true);
  expect(queue.take()?.mustGo).toBe(true);
});

it("of those that wait the last is answered, and the others count as not answered", () => {
  const queue = new ObservationQueue();
  queue.offer(seen(0, [0]));
  queue.offer(seen(1, [5]));
  expect(queue.take()?.timestep).toBe(1);
  expect(queue.offer(seen(0, [9]))).toBe(true);
});

it("after an answer that failed the next observation is answered, once", () => {
  const queue = new ObservationQueue();
  queue.offer(seen(0, [0], true));
  queue.take();
  queue.owe();
  expect(queue.offer(seen(0, [0]))).toBe(true);
  queue.take();
  expect(queue.offer(seen(0, [0]))).toBe(false);
});

it("the last 1,024 time steps are remembered", () => {
  const queue = new ObservationQueue();
  for (let step = 0; step < 1025; step++) {
    queue.offer(seen(step, [0], true));
    queue.take();
  }
  expect(queue.offer(seen(1, [9]))).toBe(false);
  expect(queue.offer(seen(0, [9]))).toBe(true);
});
