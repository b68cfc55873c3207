import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BatchMaker } from "../batch/maker.ts";
import type { RobotObservation } from "../batch/observation.ts";
import { generate } from "../dataset/generated.ts";
import { expectOtherBits, expectSameBits } from "../graph/testing/bits.ts";
import { expectClose } from "../graph/testing/close.ts";
import { InputError } from "../input-error.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import { layoutOf, loadPlanOf } from "../recipe/plan.ts";
import { descriptionOf } from "../recipe/testing/awkward-datasets.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { Run } from "../training/run.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import type { ActionRequest } from "./action.ts";
import { compilePolicy, findPolicy, loadPolicy, placesOfWeights, readPolicyWeights } from "./load.ts";
import { picture } from "./picture.ts";
import type { LoadedPolicy } from "./policy.ts";

let run: MicroRun;
let policy: LoadedPolicy;
beforeAll(async () => {
  run = await trainMicroRun(awkwardRecipe, 2);
  policy = await loadPolicy(run.folder, { robots: 3, machine: "as trained" });
});
afterAll(async () => {
  policy.release();
  await run.remove();
});

/** A frame of one of the mixture's members, by its number among them. */
type Place = Readonly<Record<"member" | "episode" | "frame", number>>;

/** The question of a robot that came to where a frame was recorded as the recording did, with validation's noise. */
async function asked({ member, episode, frame }: Place): Promise<ActionRequest> {
  const dataset = awkwardRecipe.data.datasets[member]!;
  const robot = policy.robot({ dataset: dataset.name, controlMode: dataset.mapping.controlMode });
  const recording = generate(descriptionOf(dataset));
  const table = await recording.table(episode);
  const [column] = robot.embodiment.columns.state;
  const { cells, shape } = table.vector(column!.key);
  const session = policy.session(robot, { seed: 1 });
  for (let at = 0; at <= frame; at++) {
    const pictures = robot.embodiment.cameras.flatMap(({ view, key }) =>
      key === null ? [] : [recording.picture(key, episode, at, { height: 16, width: 16 }).then((seen) => [view, seen])],
    );
    session.see({
      state: column!.entries.map((entry) => cells[at * shape[1]! + entry]!),
      pictures: Object.fromEntries(await Promise.all(pictures)),
    });
  }
  const noise = { seed: awkwardRecipe.seed, episode, frame, draw: 0 };
  return { ...session.ask(table.tasks[frame]!), noise };
}

const [arm, effector, cart] = [1, 3, 4];
const armPlace = { member: arm, episode: 4, frame: 6 };
const cartPlace = { member: cart, episode: 2, frame: 7 };
const both = async () => [await asked(armPlace), await asked(cartPlace)] as const;

/** A request at whose newest slot other pictures were seen. */
function withPictures(request: ActionRequest, pictures: RobotObservation["pictures"]): ActionRequest {
  const now = request.observations.at(-1)!;
  return { ...request, observations: [...request.observations.slice(0, -1), { ...now, pictures }] };
}

describe("a loaded policy", () => {
  it("knows its robots by type, dataset and control mode, and lists them where none or several fit", () => {
    expect(policy.step).toBe(2);
    expect(policy.robot({ robotType: "unknown" })).toBe(policy.robot({ dataset: "cart", controlMode: "ee" }));
    const names = policy.robot({ dataset: "arm", controlMode: "joint" }).embodiment.dofs.map(({ name }) => name);
    expect(names).toEqual(["claw", "wrist", "shoulder", "elbow"]);
    const [joint, ee] = ["joint", "ee"].map((mode) => `robot "arm", dataset "arm", control mode "${mode}"`);
    const others =
      'robot "arm", dataset "twin", control mode "joint"; %; robot "unknown", dataset "cart", control mode "ee"';
    const known = `${joint}; ${others.replace("%", ee!)}`;
    expect(() => policy.robot({ dataset: "droid" })).toThrow(InputError);
    expect(() => policy.robot({ dataset: "droid" })).toThrow(
      `robot: expected one robot with dataset "droid", got none; the policy knows: ${known}`,
    );
    expect(() => policy.robot({ dataset: "arm" })).toThrow(
      `expected one robot with dataset "arm", got 2; these fit: ${joint}; ${ee}`,
    );
    expect(() => policy.robot({ dataset: "questions" })).toThrow(InputError);
  });

  it("gives a step for each of the horizon, in each robot's own width, at the recipe's rate", async () => {
    const chunks = await policy.act(await both());
    expect(chunks.map(({ actions }) => [actions.length, new Set(actions.map((step) => step.length))])).toEqual([
      [5, new Set([4])],
      [5, new Set([2])],
    ]);
    expect(chunks.map(({ stepsPerSecond }) => stepsPerSecond)).toEqual([6, 6]);
  });

  it("reads of a robot, to the bit, what validation reads of the same frame, at every age of its session", async () => {
    const { plan, close } = await opened();
    const layout = layoutOf(awkwardRecipe, 3);
    const maker = await BatchMaker.open(loadPlanOf(plan));
    for (const places of [
      [armPlace, cartPlace],
      [
        { member: 2, episode: 1, frame: 12 },
        { member: effector, episode: 3, frame: 0 },
        { member: arm, episode: 0, frame: 9 },
      ],
      [{ member: cart, episode: 4, frame: 1 }],
    ]) {
      const draws = places.map((place) => ({ ...place, draw: 0 }));
      const taught = await maker.make({ purpose: "validation", layout, draws });
      const served = policy.perceive(await Promise.all(places.map(asked)));
      for (const part of ["images", "state", "prompt", "ownDof", "embodiment"] as const)
        expectSameBits(part, served[part], taught[part]);
      // Which steps an episode still has is known of a recording only: a robot's chunk is whole.
      const { stepReal, ...facts } = served.facts;
      const { stepReal: _, ...recorded } = taught.facts;
      expectSameBits("facts", facts, recorded);
      expect(stepReal.bits.subarray(0, 5 * draws.length).every((bit) => bit === 1)).toBe(true);
    }
    await maker.close();
    await close();
  });

  it("acts for each robot as if it were alone, wherever it stands in the call", async () => {
    const [first, second] = await both();
    const [armAlone, cartAlone] = [(await policy.act([first]))[0]!.actions, (await policy.act([second]))[0]!.actions];
    const together = await policy.act([second, second, first]);
    expectSameBits(
      "actions",
      together.map(({ actions }) => actions),
      [cartAlone, cartAlone, armAlone],
    );
  });

  it("acts alike, to the bit, where the runtime reads its weights in the files of the checkpoint", async () => {
    const found = await findPolicy(run.folder);
    const places = await placesOfWeights(found);
    const { machine, recipe } = found;
    const choice = { rows: 3, steps: recipe.policy.actionHorizon, machine };
    const stored = await compilePolicy({ ...found, robots: policy.robots }, places, choice);
    const requests = await both();
    const acted = async (one: LoadedPolicy) => (await one.act(requests)).map(({ actions }) => actions);
    expectSameBits("actions", await acted(stored), await acted(policy));
    stored.release();
  });

  it("has, where shapes fit, room for the cameras of the robots that ask alone, and acts alike but for rounding", async () => {
    const found = { ...(await findPolicy(run.folder)), robots: policy.robots };
    const fitting = { ...found, recipe: { ...found.recipe, batch: { ...found.recipe.batch, shapes: "fit" as const } } };
    const weights = await readPolicyWeights(found);
    const requests = await both();
    const views = [];
    for (const request of requests) {
      const choice = { rows: 3, steps: 5, machine: found.machine, robots: [request.robot] };
      const own = await compilePolicy(fitting, weights, choice);
      views.push(own.perceive([request]).facts.viewReal.shape[2]);
      const [acted, expected] = [(await own.act([request]))[0]!.actions, (await policy.act([request]))[0]!.actions];
      const because = "products over fewer tokens add up in another order, at each of the steps of integration";
      expectClose("actions", acted.flat(), expected.flat(), { absolute: 1e-5, relative: 1e-5, because });
      own.release();
    }
    expect(views).toEqual([2, 0]);
  });

  it("gives the same actions for the same noise and others for another", async () => {
    const own = await asked(armPlace);
    const acted = async (seed: number) => (await policy.act([{ ...own, noise: { ...own.noise, seed } }]))[0]!.actions;
    expectSameBits("actions", await acted(1), await acted(1));
    expectOtherBits("actions", await acted(2), await acted(1));
    expectSameBits("actions", (await Promise.all([acted(1), acted(2)]))[1], await acted(2));
  });

  it("takes a camera's bytes as red, green and blue of each pixel, row by row from the top", async () => {
    const own = await asked(armPlace);
    // Every channel is another function of the row and the column.
    const colour = (row: number, column: number) => [10 + row, 100 + 2 * column, 250 - 3 * row - column];
    const [rows, columns] = [[...Array(12).keys()], [...Array(16).keys()]];
    const expected = rows.flatMap((row) => columns.flatMap((column) => colour(row, column)));
    const front = picture(Uint8Array.from(expected), { height: 12, width: 16 });
    const { images } = policy.perceive([withPictures(own, { front, side: null })]);
    // Two black lines above and two below make it a square.
    const black = new Array<number>(2 * 16 * 3).fill(0);
    // Of three slots and two views, the front of now.
    const seen = images.read(({ cells }) => cells.subarray(4 * 768, 5 * 768));
    expectSameBits("front", seen, [...black, ...expected, ...black]);
  });

  it("takes pictures of any size and absent ones as absent, each view and channel apart", async () => {
    const own = await asked(armPlace);
    // 480 by 640 is four by three: twelve lines of sixteen, each pixel the mean of a square of forty, two black lines above and below.
    const level = (y: number, x: number, c: number) => [x / 4, 255 - y / 2, (x + y) / 8 + 40][c]!;
    const bytes = Uint8Array.from({ length: 480 * 640 * 3 }, (_, at) =>
      Math.round(level(Math.floor(at / 1920), Math.floor(at / 3) % 640, at % 3)),
    );
    const front = picture(bytes, { height: 480, width: 640 });
    const request = withPictures(own, { front, side: null });
    const { images, facts } = policy.perceive([request]);
    const wanted = Array.from({ length: 16 * 16 * 3 }, (_, at) => {
      const [y, x, c] = [Math.floor(at / 48) - 2, Math.floor(at / 3) % 16, at % 3];
      return y < 0 || y >= 12 ? 0 : level(40 * y + 19.5, 40 * x + 19.5, c);
    });
    // Of three slots and two views, the front of now.
    const seen = images.read(({ cells }) => cells.subarray(4 * 768, 5 * 768));
    // 1: rounded before the mean and behind it.
    expectClose("front", seen, wanted, { absolute: 1, relative: 0, because: "levels are whole numbers" });
    expect([...facts.viewReal.bits.subarray(4, 6)]).toEqual([1, 0]);
    expect([...policy.perceive([own]).facts.viewReal.bits.subarray(4, 6)]).toEqual([1, 1]);
    expect((await policy.act([withPictures(own, { front: null, side: null })]))[0]!.actions).toHaveLength(5);
  });
});

describe("what does not fit is refused by name:", () => {
  it("states and pictures of another robot, too many robots, another policy's robot, noise that is no key", async () => {
    const [own, other] = await both();
    const refused = (requests: readonly ActionRequest[]) => expect(policy.act(requests)).rejects;
    await refused([{ ...own, observations: other.observations }]).toThrow(
      /robot "arm".*: expected a state of 3 entries, got 2; expected a picture of "front", got none; say null/,
    );
    await refused([own, own, own, other]).toThrow(
      "act: expected at most 3 robots, got 4; load the policy for more robots",
    );
    await refused([{ ...own, robot: { ...own.robot } }]).toThrow(/expected one of this policy's own robots/);
    await refused([{ ...own, noise: { ...own.noise, frame: -1 } }]).toThrow(
      /noise: expected "frame" to be a whole number/,
    );
    await refused([{ ...own, prompt: "x".repeat(100) }]).toThrow(InputError);
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
    const request = { ...(await both())[1], robot: other.robot({ dataset: "cart" }) };
    const acting = other.act([request]);
    other.release();
    other.release();
    expect((await acting)[0]!.actions).toHaveLength(5);
    await expect(other.act([request])).rejects.toThrow("released");
  });
});

describe("a session", () => {
  it("asks with what its robot saw last, and with other noise at each frame and after a reset", async () => {
    const robot = policy.robot({ dataset: "cart" });
    const now = { state: [0.5, -0.25], pictures: {} };
    const session = policy.session(robot, { seed: 5 });
    expect(() => session.ask("go")).toThrow("expected an observation, got none since the session began");
    session.see(now);
    const first = session.ask("go");
    expect(first).toEqual({
      robot,
      observations: [null, null, { state: Float64Array.from(now.state), pictures: {} }],
      prompt: "go",
      noise: { seed: 5, episode: 0, frame: 0, draw: 0 },
    });
    session.see(now);
    expect(session.ask("go").noise).toEqual({ seed: 5, episode: 0, frame: 1, draw: 0 });
    session.reset();
    session.see(now);
    expect(session.ask("go").noise).toEqual({ seed: 5, episode: 1, frame: 0, draw: 0 });
    const [chunk] = await policy.act([first]);
    const [alike] = await policy.act([{ robot, observations: [null, null, now], prompt: "go", noise: first.noise }]);
    expectSameBits("actions", chunk.actions, alike.actions);
  });
});

/** The plan of the run, as validation has it. */
async function opened() {
  const own = await Run.open(run.recipe, run.cache, await aloneWorld());
  return { plan: own.plan, close: () => own.close() };
}
