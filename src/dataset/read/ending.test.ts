import { describe, expect, test } from "vitest";
import type { Feature } from "../dataset.ts";
import { EpisodeEndings } from "./ending.ts";

const feature = (key: string, entries: number): [string, Feature] => [
  key,
  { key, type: "float32", shape: [entries], names: null },
];

type Rows = readonly (readonly number[])[];

/** Episodes of a robot with these columns, at 10 frames per second: 0.2 s are 3 frames. A chunk has 5. */
function endings(columns: Readonly<Record<string, readonly Rows[]>>, framesPerSecond = 10) {
  const keys = Object.entries(columns);
  const features = new Map(keys.map(([key, episodes]) => feature(key, episodes[0]![0]!.length)));
  const gathered = new EpisodeEndings({ features, framesPerSecond }, 5);
  for (const episode of keys[0]![1].keys()) {
    const rows = keys.map(([key, episodes]) => [key, Float64Array.from(episodes[episode]!.flat())] as const);
    gathered.add({ length: keys[0]![1][episode]!.length }, new Map(rows));
  }
  return gathered.count();
}

const alone = (...values: number[]): Rows => values.map((value) => [value]);

/** Passes 100, so that 0.5 is the smallest motion, and rests for its last chunk. */
const scale = alone(0, 100, 100, 100, 100, 100, 100);

describe("an episode", () => {
  test("ends moving, pausing or resting, and is too short to rest where it is shorter than a chunk", () => {
    const moving = alone(0, 20, 40, 60, 80, 100);
    const pausing = alone(0, 50, 100, 100, 100, 100);
    const resting = alone(0, 100, 100, 100, 100, 100);
    const short = alone(100, 100, 100);
    expect(endings({ action: [moving, pausing, resting, short] })).toEqual({
      chunkSteps: 5,
      episodes: 4,
      moving: 1,
      pausing: 2,
      resting: 1,
      // 6 + 6 + 6 + 3 frames; the last 4 of each are near the end, of the short one all 3.
      frames: 21,
      framesPastEnd: 15,
    });
  });

  test("moves where a dof passes more than a two-hundredth of its range in 0.2 s", () => {
    const slow = alone(60, 60, 60, 60, 60, 60.2, 60.4);
    const fast = alone(60, 60, 60, 60, 60, 60.3, 60.6);
    expect(endings({ action: [scale, slow] })).toMatchObject({ moving: 0, resting: 2 });
    expect(endings({ action: [scale, fast] })).toMatchObject({ moving: 1, resting: 1 });
  });

  test("is looked at for 0.2 s, whatever the rate: 7 frames at 30 per second, 2 at 1", () => {
    const stops = alone(0, 100, 100, 100, 100, 100, 100);
    expect(endings({ action: [stops] }, 30)).toMatchObject({ moving: 1 });
    expect(endings({ action: [[...stops, [100]]] }, 30)).toMatchObject({ moving: 0 });
    expect(endings({ action: [alone(0, 100, 100)] }, 1)).toMatchObject({ moving: 0 });
    expect(endings({ action: [alone(0, 100)] }, 1)).toMatchObject({ moving: 1 });
  });

  test("moves where any dof does", () => {
    const twoDofs = [0, 1, 2, 3, 4, 5].map((frame) => [Math.min(frame, 1), frame]);
    expect(endings({ action: [twoDofs] })).toMatchObject({ moving: 1 });
  });

  test("is passed over where it has no frame or lacks the column that motion is read from", () => {
    const gathered = new EpisodeEndings({ features: new Map([feature("action", 1)]), framesPerSecond: 10 }, 5);
    gathered.add({ length: 2 }, new Map([["timestamp", Float64Array.of(0, 0.1)]]));
    gathered.add({ length: 0 }, new Map([["action", new Float64Array(0)]]));
    expect(gathered.count()).toBeNull();
    gathered.add({ length: 2 }, new Map([["action", Float64Array.of(0, 1)]]));
    expect(gathered.count()).toMatchObject({ episodes: 1, moving: 1, frames: 2 });
  });
});

describe("a dof", () => {
  test("that only trembles, or never changes, moves nothing", () => {
    // The changes 1, −1, 1 … have squares of 6 and products of −5.
    const trembling = [0, 1, 0, 1, 0, 1, 0].map((tremor, frame) => [scale[frame]![0]!, tremor, 7]);
    expect(endings({ action: [trembling] })).toMatchObject({ moving: 0, resting: 1 });
  });

  test("that is rounded differently from frame to frame rests, however seldom it moves", () => {
    // Like joint 5 of dobot_cr5: most of its changes are a rounding error, and it stands elsewhere in another episode.
    const rounded = (place: number) => alone(...[0, 1, 1, 2, 2, 1, 1].map((error) => place + error * 1e-7));
    expect(endings({ action: [rounded(0), rounded(0.1)] })).toMatchObject({ moving: 0, resting: 2 });
  });

  test("is read from the state where there is one: a velocity that stays the same moves the robot", () => {
    const velocity = alone(0, 1, 1, 1, 1, 1, 1);
    const position = alone(0, 0, 1, 2, 3, 4, 5);
    expect(endings({ action: [velocity] })).toMatchObject({ moving: 0, resting: 1 });
    expect(endings({ action: [velocity], "observation.state": [position] })).toMatchObject({ moving: 1, resting: 0 });
  });
});
