import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { type HostArray, zeros } from "../host-array.ts";
import { encodeModel } from "../onnx.ts";
import { expectSameBits } from "../testing/bits.ts";
import { openSession, type RuntimeSession } from "./session.ts";

const size = 256;

/** `y` is `x` times `x`, twenty times over a row-softmax: long enough to be interrupted. */
const model = encodeModel({
  name: "long",
  nodes: Array.from({ length: 20 }, (_, at) => [
    {
      operator: "Gemm",
      domain: "" as const,
      inputs: [at === 0 ? "x" : `s${at - 1}`, "x"],
      outputs: [`h${at}`],
      attributes: {},
    },
    {
      operator: "Softmax",
      domain: "" as const,
      inputs: [`h${at}`],
      outputs: [at === 19 ? "y" : `s${at}`],
      attributes: {},
    },
  ]).flat(),
  inputs: [{ name: "x", type: "float32", shape: [size, size] }],
  outputs: [{ name: "y", type: "float32", shape: [size, size] }],
  initializers: [],
});

function wave(phase: number): HostArray<"i j"> {
  const array = zeros("i j", [size, size], "float32");
  for (let at = 0; at < array.cells.length; at++) array.cells[at] = Math.sin(at * 0.37 + phase);
  return array;
}

const open = () => openSession(model, { threads: 2, device: "cpu" });

test("the event loop turns while a program runs", async () => {
  const session = open();
  const turns: number[] = [];
  // A run of 5 ms. One that blocks is over before the loop turns twice; one that does not may be, where the machine is busy.
  while (turns.length < 50 && !turns.some((one) => one > 10)) turns.push(await turnsDuring(session));
  session.release();
  expect(Math.max(...turns)).toBeGreaterThan(10);
});

async function turnsDuring(session: ReturnType<typeof open>): Promise<number> {
  let isDone = false;
  const running = session.run(new Map([["x", wave(0)]]), new Map([["y", wave(0)]])).then(() => {
    isDone = true;
  });
  let turns = 0;
  for (; !isDone; turns++) await new Promise((resolve) => setImmediate(resolve));
  await running;
  return turns;
}

test("two runs at once compute what each computes alone, to the bit", async () => {
  const sessions = [open(), open()];
  const alone: Float32Array[] = [];
  for (const phase of [0, 1]) {
    const y = zeros("i j", [size, size], "float32");
    await sessions[0]?.run(new Map([["x", wave(phase)]]), new Map([["y", y]]));
    alone.push(y.cells);
  }
  const together = [0, 1, 0, 1].map(() => zeros("i j", [size, size], "float32"));
  await Promise.all(
    together.map((y, at) => sessions[at >> 1]?.run(new Map([["x", wave(at % 2)]]), new Map([["y", y]]))),
  );
  for (const session of sessions) session.release();
  together.forEach((y, at) => {
    expectSameBits(`run ${at}`, y.cells, alone[at % 2]);
  });
});

test("a session released during a run finishes it; a later run is an error, a second release is not", async () => {
  const session = open();
  const y = zeros("i j", [size, size], "float32");
  const running = session.run(new Map([["x", wave(0)]]), new Map([["y", y]]));
  session.release();
  session.release();
  await running;
  expect(y.cells.subarray(0, size).reduce((sum, cell) => sum + cell, 0)).toBeCloseTo(1, 4);
  await expect(session.run(new Map([["x", wave(0)]]), new Map([["y", y]]))).rejects.toThrow("was released");
});

test("2,000 runs with new arrays each do not grow the memory", async () => {
  const graph = { name: "small", initializers: [] } as const;
  const small = openSession(
    encodeModel({
      ...graph,
      nodes: [{ operator: "Neg", domain: "", inputs: ["x"], outputs: ["y"], attributes: {} }],
      inputs: [{ name: "x", type: "float32", shape: [1000] }],
      outputs: [{ name: "y", type: "float32", shape: [1000] }],
    }),
    { threads: 1, device: "cpu" },
  );
  const runs = async (count: number) => {
    for (let at = 0; at < count; at++)
      await small.run(new Map([["x", zeros("i", [1000], "float32")]]), new Map([["y", zeros("i", [1000], "float32")]]));
  };
  await runs(2000);
  const before = process.memoryUsage.rss();
  await runs(2000);
  small.release();
  // 16 MB were written and forgotten; what the collector has not reached yet stays well under half of it.
  expect((process.memoryUsage.rss() - before) / 1e6).toBeLessThan(8);
});

test("a second program computes in the memory of the first", async () => {
  const cells = 2 ** 20;
  const sum = (count: number, length: number) => {
    // Part n is (n + 2)·x; all are alive at once, since the last operator reads them together.
    const parts = Array.from({ length: count }, (_, at) => `part ${at}`);
    const nodes = parts.map((part, at) => {
      const inputs = ["x", at === 0 ? "x" : `part ${at - 1}`];
      return { operator: "Add", domain: "" as const, inputs, outputs: [part], attributes: {} };
    });
    const all = { operator: "Sum", domain: "" as const, inputs: parts, outputs: ["y"], attributes: {} };
    const value = (name: string) => ({ name, type: "float32", shape: [length] }) as const;
    const graph = {
      name: "sum",
      nodes: [...nodes, all],
      inputs: [value("x")],
      outputs: [value("y")],
      initializers: [],
    };
    return openSession(encodeModel(graph), { threads: 1, device: "cpu" });
  };
  const held = async (session: RuntimeSession, length: number) => {
    const x = zeros("i", [length], "float32");
    x.cells.fill(1);
    const y = zeros("i", [length], "float32");
    await session.run(new Map([["x", x]]), new Map([["y", y]]));
    expect(y.cells[length - 1]).toBe(560);
    return process.memoryUsage.rss() / 1e6;
  };
  const [first, second] = [sum(32, cells), sum(32, cells - 4096)];
  const start = process.memoryUsage.rss() / 1e6;
  const one = await held(first, cells);
  const two = await held(second, cells - 4096);
  first.release();
  second.release();
  expect(one - start).toBeGreaterThan(100); // 32 × 4 MB
  expect(two - one).toBeLessThan(40);
});

test("an array whose memory was transferred to another thread is refused, not read", async () => {
  const session = open();
  const x = wave(0);
  if (x.cells.buffer instanceof ArrayBuffer) structuredClone(x.cells, { transfer: [x.cells.buffer] });
  await expect(session.run(new Map([["x", x]]), new Map([["y", wave(0)]]))).rejects.toThrow("transferred away");
  session.release();
});

test("a profile names the operators and lands in the file that endProfile tells", async () => {
  const session = openSession(model, { threads: 1, device: "cpu", profile: join(tmpdir(), `armature-${process.pid}`) });
  await session.run(new Map([["x", wave(0)]]), new Map([["y", wave(0)]]));
  const file = session.endProfile();
  expect(() => session.endProfile()).toThrow("it ended before");
  session.release();
  const events: { args?: { op_name?: string } }[] = JSON.parse(readFileSync(file, "utf8"));
  rmSync(file);
  expect(events.filter(({ args }) => args?.op_name === "Gemm").length).toBeGreaterThanOrEqual(20);
});

const script = (ending: string) => `
  import { openSession } from ${JSON.stringify(new URL("./session.ts", import.meta.url).href)};
  import { zeros } from ${JSON.stringify(new URL("../host-array.ts", import.meta.url).href)};
  const model = Buffer.from("${Buffer.from(model).toString("base64")}", "base64");
  const session = openSession(model, { threads: 2, device: "cpu" });
  const array = () => zeros("i j", [${size}, ${size}], "float32");
  const running = session.run(new Map([["x", array()]]), new Map([["y", array()]]));
  ${ending}
`;

test.each([
  ["with a session unreleased", "await running; console.log('end');"],
  ["in the middle of a run", "setImmediate(() => { console.log('end'); process.exit(0); });"],
  ["after a release in the middle of a run", "session.release(); await running; console.log('end');"],
])("a process ends cleanly %s", (_, ending) => {
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", script(ending)], { encoding: "utf8" });
  expect(output).toBe("end\n");
});

test("a worker thread may open, run and end with its session unreleased, and others go on", async () => {
  const code = script("await running; console.log = undefined;");
  const ends = [0, 1].map(
    () =>
      new Promise<number>((resolve, reject) => {
        const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
        worker.on("error", reject);
        worker.on("exit", resolve);
      }),
  );
  const session = open();
  const y = zeros("i j", [size, size], "float32");
  expect(await Promise.all(ends)).toEqual([0, 0]);
  await session.run(new Map([["x", wave(0)]]), new Map([["y", y]]));
  session.release();
  expect(y.cells.subarray(0, size).reduce((sum, cell) => sum + cell, 0)).toBeCloseTo(1, 4);
});
