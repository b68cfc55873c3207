import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MicroRun, trainMicroRun } from "../../training/testing/micro-run.ts";
import { loadPolicy } from "../load.ts";
import type { LoadedPolicy } from "../policy.ts";
import { sharedOf } from "../protocol/shared.ts";
import { seenPicture, seenState, servedOptions } from "../protocol/testing/served.ts";
import { reachingRecipe } from "../testing/reaching.ts";
import { writeActions } from "./action-pickle.ts";
import { frameKeys } from "./fit.ts";
import { RobotLink } from "./robot-link.ts";
import { exchange, recordedBytes } from "./testing/exchange.ts";
import { observedAt } from "./testing/recorded-robot.ts";
import { decodeBytes, decodePiece } from "./wire.ts";

let run: MicroRun;
let policy: LoadedPolicy;
beforeAll(async () => {
  const history = { slots: 2, interval: 1, dropout: 0 };
  run = await trainMicroRun({ ...reachingRecipe, policy: { ...reachingRecipe.policy, history } }, 1);
  policy = await loadPolicy(run.folder, { robots: 1, machine: "as trained" });
});
afterAll(async () => {
  policy.release();
  await run.remove();
});

const setup = decodeBytes(recordedBytes(exchange.policySetup));
const recorded = pickleOf({});

function pickleOf(changes: Parameters<typeof observedAt>[0]): Buffer {
  return Buffer.from(decodePiece(observedAt(changes)[0]!).data);
}

function linkOf(): RobotLink {
  const shared = sharedOf(servedOptions(policy, {}));
  const link = new RobotLink({ ...shared, frameKeys, number: 0, caller: "here" });
  link.ready();
  link.instruct(setup);
  return link;
}

/** What a link gives for observations that were made so many seconds after the first. */
async function asked(after: readonly number[]): Promise<Buffer> {
  const link = linkOf();
  for (const seconds of after) link.observe(pickleOf({ timestamp: 100.5 + seconds }));
  return Buffer.from(await link.actions(new AbortController().signal));
}

/** The same of a session that saw the last of them after others of the same history, and was reset before. */
async function expected(after: number, { seen, resets }: { readonly seen: number; readonly resets: number }) {
  const session = policy.session(policy.robots[0]!, { seed: 41 });
  for (let reset = 0; reset < resets; reset++) session.reset();
  for (let time = 0; time < seen; time++) session.see({ state: seenState, pictures: { camera: seenPicture } });
  const [chunk] = await policy.act([session.ask("reach")]);
  const from = 100.5 + after;
  return writeActions(
    chunk.actions.map((action, step) => ({ timestamp: from + step * 0.1, timestep: 3 + step, action })),
  );
}

describe("a robot whose policy remembers", () => {
  it("has a history of the observations that came without a gap, a frame late among them", async () => {
    expect(await asked([0, 0.1])).toEqual(await expected(0.1, { seen: 2, resets: 0 }));
    expect(await asked([0, 0.24])).toEqual(await expected(0.24, { seen: 2, resets: 0 }));
  });

  it("begins a new history after a gap", async () => {
    const alone = await expected(0.26, { seen: 1, resets: 1 });
    expect(await asked([0, 0.26])).toEqual(alone);
    expect(alone).not.toEqual(await expected(0.26, { seen: 2, resets: 0 }));
  });
});

describe("a robot that nobody waits for any more", () => {
  it("is owed the answer that was lost", async () => {
    const link = linkOf();
    link.observe(recorded);
    const gone = new AbortController();
    const lost = link.actions(gone.signal);
    gone.abort();
    await lost;
    const patient = pickleOf({ mustGo: false });
    link.observe(patient);
    expect((await link.actions(new AbortController().signal)).length).toBeGreaterThan(1000);
    link.observe(patient);
    const waiting = new AbortController();
    const nothing = link.actions(waiting.signal);
    waiting.abort();
    expect(await nothing).toEqual(new Uint8Array());
  });
});

describe("a robot whose observation was refused", () => {
  it("is owed an answer to the next one, though that need not go", async () => {
    const link = linkOf();
    const given = async () => (await link.actions(new AbortController().signal)).length;
    link.observe(recorded);
    expect(await given()).toBeGreaterThan(1000);
    expect(() => link.observe(Buffer.from("."))).toThrow("pickle: expected");
    link.observe(pickleOf({ mustGo: false }));
    expect(await given()).toBeGreaterThan(1000);
  });
});
