import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeBatch } from "../batch/batch.ts";
import { BatchMaker } from "../batch/maker.ts";
import type { RobotObservation } from "../batch/observation.ts";
import { generate } from "../dataset/generated.ts";
import { InputError } from "../input-error.ts";
import type { Draw } from "../mixture/sampler.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import { layoutOf, loadPlanOf } from "../recipe/plan.ts";
import { microRecipe } from "../recipe/testing/micro-recipe.ts";
import { Run } from "../training/run.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import type { ActionRequest } from "./action.ts";
import { loadPolicy } from "./load.ts";
import { picture } from "./picture.ts";
import type { LoadedPolicy } from "./policy.ts";

const sources = new Map(
  microRecipe.data.datasets.map(({ name, source }) => {
    if (source.kind !== "generated") throw new Error("expected generated datasets");
    return [name, generate({ name, ...source.description })] as const;
  }),
);

let run: MicroRun;
let policy: LoadedPolicy;
beforeAll(async () => {
  run = await trainMicroRun(microRecipe, 2);
  policy = await loadPolicy(run.folder, { robots: 3, machine: "as trained" });
});
afterAll(async () => {
  policy.release();
  await run.remove();
});

/** The question of a robot that stands where a dataset's frame was recorded, with validation's noise. */
async function asked(dataset: string, episode: number, frame: number) {
  const robot = policy.robot({ dataset });
  const recorded = sources.get(dataset)!;
  const width = robot.embodiment.states.length;
  const { cells } = (await recorded.table(episode)).vector("observation.state");
  const pictures = Object.fromEntries(
    await Promise.all(
      robot.embodiment.cameras.flatMap(({ view, key }) =>
        key === null
          ? []
          : [recorded.picture(key, episode, frame, { height: 16, width: 16 }).then((seen) => [view, seen] as const)],
      ),
    ),
  );
  const now: RobotObservation = { state: cells.slice(frame * width, (frame + 1) * width), pictures };
  const noise = { seed: microRecipe.seed, episode, frame, draw: 0 };
  return { robot, observations: [now], prompt: "go", noise } satisfies ActionRequest;
}

const both = async () => [await asked("dobot_cr5", 1, 4), await asked("pusht", 2, 7)] as const;

describe("a loaded policy", () => {
  it("knows its robots by type, dataset and control mode, and lists them where none or several fit", () => {
    expect(policy.step).toBe(2);
    expect(policy.robot({ robotType: "cr5" })).toBe(policy.robot({ dataset: "dobot_cr5", controlMode: "joint" }));
    expect(policy.robot({ controlMode: "ee" }).embodiment.dofs.map(({ name }) => name)).toEqual(["x", "y"]);
    const known =
      'robot "cr5", dataset "dobot_cr5", control mode "joint"; robot "unknown", dataset "pusht", control mode "ee"';
    expect(() => policy.robot({ dataset: "droid" })).toThrow(InputError);
    expect(() => policy.robot({ dataset: "droid" })).toThrow(
      `robot: expected one robot with dataset "droid", got none; the policy knows: ${known}`,
    );
    expect(() => policy.robot({})).toThrow(`expected one robot with nothing said about it, got 2; these fit: ${known}`);
  });

  it("gives a step for each of the horizon, in each robot's own width and rate", async () => {
    const chunks = await policy.act(await both());
    expect(chunks.map(({ actions }) => [actions.length, new Set(actions.map((step) => step.length))])).toEqual([
      [6, new Set([7])],
      [6, new Set([2])],
    ]);
    expect(chunks.map(({ stepsPerSecond }) => stepsPerSecond)).toEqual([10, 5]);
  });

  it("reads of a robot, to the bit, what validation reads of the same frame", async () => {
    const { plan, close } = await opened();
    const layout = layoutOf(microRecipe, 3);
    const maker = await BatchMaker.open(loadPlanOf(plan));
    for (const draws of [
      [draw(0, 1, 4), draw(1, 2, 7)],
      [draw(1, 0, 8), draw(0, 3, 0), draw(1, 3, 10)],
    ]) {
      const taught = encodeBatch(await maker.make({ purpose: "validation", layout, draws }));
      const names = ["dobot_cr5", "pusht"];
      const requests = await Promise.all(
        draws.map(({ member, episode, frame }) => asked(names[member]!, episode, frame)),
      );
      const served = encodeBatch(policy.perceive(requests));
      expect(served.images).toEqual(taught.images);
      expect(served.state).toEqual(taught.state);
      expect(served.prompt).toEqual(taught.prompt);
      expect(served.ownDof).toEqual(taught.ownDof);
      // Which steps an episode still has is known of a recording only: a robot's chunk is whole.
      const { stepReal, ...facts } = served.facts;
      const { stepReal: _, ...recorded } = taught.facts;
      expect(facts).toEqual(recorded);
      expect(stepReal.bits.subarray(0, 6 * draws.length).every((bit) => bit === 1)).toBe(true);
    }
    await maker.close();
    await close();
  });

  it("acts for each robot as if it were alone, wherever it stands in the call", async () => {
    const [arm, cart] = await both();
    const [first, second] = await policy.act([arm, cart]);
    const [alone] = await policy.act([cart]);
    const [third, , fourth] = await policy.act([cart, cart, arm]);
    expect(alone.actions).toEqual(second.actions);
    expect(third.actions).toEqual(second.actions);
    expect(fourth.actions).toEqual(first.actions);
  });

  it("gives the same actions for the same noise and others for another", async () => {
    const [arm] = await both();
    const acted = async (seed: number) => (await policy.act([{ ...arm, noise: { ...arm.noise, seed } }]))[0]!.actions;
    expect(await acted(1)).toEqual(await acted(1));
    expect(await acted(2)).not.toEqual(await acted(1));
    expect((await Promise.all([acted(1), acted(2)]))[1]).toEqual(await acted(2));
  });

  it("takes a camera's bytes as red, green and blue of each pixel, row by row from the top", async () => {
    const [arm] = await both();
    // Every channel is another function of the row and the column.
    const colour = (row: number, column: number) => [10 + row, 100 + 2 * column, 250 - 3 * row - column];
    const [rows, columns] = [[...Array(12).keys()], [...Array(16).keys()]];
    const expected = rows.flatMap((row) => columns.flatMap((column) => colour(row, column)));
    const camera = picture(Uint8Array.from(expected), { height: 12, width: 16 });
    const { images } = policy.perceive([{ ...arm, observations: [{ ...arm.observations[0], pictures: { camera } }] }]);
    // Two black lines above and two below make it a square.
    const black = new Array<number>(2 * 16 * 3).fill(0);
    expect(images.read(({ cells }) => [...cells.subarray(0, 16 * 16 * 3)])).toEqual([...black, ...expected, ...black]);
  });

  it("takes pictures of any size, and absent ones as absent", async () => {
    const [arm] = await both();
    const seen = picture(new Uint8Array(480 * 640 * 3).fill(90), { height: 480, width: 640 });
    const withPicture = (camera: typeof seen | null) =>
      policy.perceive([{ ...arm, observations: [{ ...arm.observations[0], pictures: { camera } }] }]);
    const pixels = withPicture(seen).images.read(({ cells }) => [...cells.subarray(0, 16 * 16 * 3)]);
    // Four by three: twelve of the sixteen lines hold the picture, two above and two below are black.
    expect(pixels.filter((value) => value === 90)).toHaveLength(12 * 16 * 3);
    expect(pixels.filter((value) => value === 0)).toHaveLength(4 * 16 * 3);
    expect(withPicture(null).facts.viewReal.count).toBe(0);
    expect(
      (await policy.act([{ ...arm, observations: [{ ...arm.observations[0], pictures: { camera: null } }] }]))[0]!
        .actions,
    ).toHaveLength(6);
  });
});

describe("what does not fit is refused by name:", () => {
  it("states and pictures of another robot, too many robots, another policy's robot, noise that is no key", async () => {
    const [arm, cart] = await both();
    const refused = (requests: readonly ActionRequest[]) => expect(policy.act(requests)).rejects;
    await refused([{ ...arm, observations: cart.observations }]).toThrow(
      /robot "cr5".*: expected a state of 6 entries, got 2; expected a picture of "camera", got none; say null/,
    );
    await refused([arm, arm, arm, cart]).toThrow(
      "act: expected at most 3 robots, got 4; load the policy for more robots",
    );
    await refused([{ ...arm, robot: { ...arm.robot } }]).toThrow(/expected one of this policy's own robots/);
    await refused([{ ...arm, noise: { ...arm.noise, frame: -1 } }]).toThrow(
      /noise: expected "frame" to be a whole number/,
    );
    await refused([{ ...arm, prompt: "x".repeat(100) }]).toThrow(InputError);
  });

  it("a run without a checkpoint, and no robots at all", async () => {
    await expect(loadPolicy("/nowhere", { robots: 1, machine: "as trained" })).rejects.toThrow(
      "/nowhere: expected a run with a checkpoint, got none",
    );
    await expect(loadPolicy(run.folder, { robots: 0, machine: "as trained" })).rejects.toThrow(
      "loadPolicy: expected a number of robots from 1, got 0",
    );
    expect(() => picture(new Uint8Array(5), { height: 1, width: 2 })).toThrow(
      "picture: expected 1 · 2 · 3 bytes, got 5",
    );
  });

  it("acting after a release", async () => {
    const other = await loadPolicy(run.folder, { robots: 1, machine: { device: "cpu", threads: 2 } });
    const request = { ...(await both())[1], robot: other.robot({ dataset: "pusht" }) };
    const acting = other.act([request]);
    other.release();
    other.release();
    expect((await acting)[0]!.actions).toHaveLength(6);
    await expect(other.act([request])).rejects.toThrow("released");
  });
});

describe("a session", () => {
  it("asks with what its robot saw last, and with other noise at each frame and after a reset", async () => {
    const [, cart] = await both();
    const [now] = cart.observations;
    const session = policy.session(cart.robot, { seed: 5 });
    expect(() => session.ask("go")).toThrow("expected an observation, got none since the session began");
    session.see(now);
    const first = session.ask("go");
    expect(first).toEqual({
      robot: cart.robot,
      observations: [{ state: now.state, pictures: {} }],
      prompt: "go",
      noise: { seed: 5, episode: 0, frame: 0, draw: 0 },
    });
    session.see(now);
    expect(session.ask("go").noise).toEqual({ seed: 5, episode: 0, frame: 1, draw: 0 });
    session.reset();
    session.see(now);
    expect(session.ask("go").noise).toEqual({ seed: 5, episode: 1, frame: 0, draw: 0 });
    const [asked] = await policy.act([first]);
    const [alike] = await policy.act([{ ...cart, noise: first.noise }]);
    expect(asked.actions).toEqual(alike.actions);
  });
});

function draw(member: number, episode: number, frame: number): Draw {
  return { member, episode, frame, draw: 0 };
}

/** The plan of the run, as validation has it. */
async function opened() {
  const own = await Run.open(run.recipe, run.cache, await aloneWorld());
  return { plan: own.plan, close: () => own.close() };
}
