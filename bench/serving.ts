import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Observation } from "../client/observation.ts";
import { PolicyClient } from "../client/policy-client.ts";
import type { CommandOutcome } from "../src/command/definition.ts";
import type { Terminal } from "../src/command/terminal.ts";
import { type WeightKind, weightKindsHere } from "../src/objective/weight-kind.ts";
import { markdownTable } from "./markdown.ts";
import { startScript } from "./script.ts";
import { pictureSide, type ServerProcess, servedRun, serveRun } from "./serving-run.ts";
import { median } from "./turns.ts";

/** How it is measured. */
export interface ServingRequest {
  /** The interpreter with openpi's client, and openpi's server on its path; `null`: there is none. */
  readonly python: string | null;
  readonly threads: number;
  readonly rounds: number;
}

/** What a server adds to its policy's time, in milliseconds, over all rounds. */
interface OverheadRow {
  readonly server: string;
  readonly client: string;
  readonly medianMs: number;
  readonly percentile95Ms: number;
}

/** Who asks, and how a server answers. */
interface Crowd {
  readonly clients: number;
  /** Robots that are answered in one call. */
  readonly robots: number;
  /** Calls side by side. */
  readonly lanes: number;
}

/** Chunks per second: the median over rounds. */
interface ThroughputRow extends Crowd {
  readonly weights: WeightKind;
  readonly perSecond: number;
}

const questions = 100;
const cameras = 3;

const crowds: readonly Crowd[] = [
  { clients: 1, robots: 1, lanes: 1 },
  { clients: 8, robots: 1, lanes: 1 },
  { clients: 8, robots: 8, lanes: 1 },
  { clients: 8, robots: 1, lanes: 2 },
  { clients: 8, robots: 4, lanes: 2 },
  { clients: 8, robots: 2, lanes: 4 },
];

/** What the server costs beside the policy, and how many chunks it gives to one robot and to eight. */
export async function benchServing(request: ServingRequest, terminal: Terminal): Promise<CommandOutcome> {
  const place = await mkdtemp(join(tmpdir(), "armature-bench-serve-"));
  const say = (line: string) => void terminal.err.write(`serve: ${line}\n`);
  try {
    const overhead = await overheads(request, place, say);
    const throughput = await throughputs(request, place, say);
    const weightKinds = [...new Set(throughput.map(({ weights }) => weights))];
    const ratios = Object.fromEntries(weightKinds.map((weights) => [weights, ratioOf(throughput, weights)]));
    const said = weightKinds.map((weights) => `${ratios[weights]!.toFixed(2)} with ${weights} weights`).join(", ");
    const text = `${overheadTable(overhead)}\n\n${throughputTable(throughput)}\n\neight robots get so many times the chunks of one: ${said}`;
    return { status: 0, json: { ...request, overhead, throughput, ratios }, text };
  } finally {
    await rm(place, { recursive: true });
  }
}

async function overheads({ python, threads, rounds }: ServingRequest, place: string, say: (line: string) => void) {
  say("a policy of size mini with three cameras is made");
  const run = await servedRun({ size: "mini", cameras, threads }, place);
  const server = await serveRun(run, ["--limits", "off"]);
  const found = new Map<string, number[]>();
  const keep = (name: string, ms: readonly number[]) => void found.set(name, [...(found.get(name) ?? []), ...ms]);
  const script = python === null ? null : openpi(python, server);
  try {
    for (let round = 0; round < rounds; round++) {
      say(
        `round ${round + 1} of ${rounds}: ${questions} questions with three pictures of ${pictureSide} × ${pictureSide}`,
      );
      keep("armature · client/", await ownOverhead(server));
      for (const each of script === null ? [] : openpiServers) {
        script!.go();
        keep(`${each} · openpi-client`, (await script!.answer(z.object({ ms: z.array(z.number()) }))).ms);
      }
    }
  } finally {
    script?.end();
    await server.stop();
  }
  return [...found].map(([name, ms]): OverheadRow => {
    const [by = "", client = ""] = name.split(" · ");
    return { server: by, client, medianMs: median(ms), percentile95Ms: percentile(ms, 0.95) };
  });
}

/** In the order of the script: openpi's own server answers at once, and after as long as Armature's policy took in the turn before. */
const openpiServers = ["armature", "openpi", "openpi, computing as long"];

/** openpi's client, which asks Armature's server and openpi's own in turns. */
function openpi(python: string, { port }: ServerProcess) {
  const words = ["--port", `${port}`, "--questions", `${questions}`, "--side", `${pictureSide}`];
  return startScript({
    python,
    name: "openpi_serving.py",
    words,
    needs: "openpi-client, and openpi's src on PYTHONPATH",
  });
}

/** From before the message is written to after the answer is read, less what the policy took. */
async function ownOverhead({ port }: ServerProcess): Promise<number[]> {
  const client = await PolicyClient.connect(`ws://127.0.0.1:${port}`);
  const asked = observation(client);
  const times: number[] = [];
  for (let question = 0; question < questions; question++) {
    const from = performance.now();
    const { policyMs } = await client.infer(asked);
    times.push(performance.now() - from - policyMs);
  }
  client.close();
  return times;
}

function observation({ metadata }: PolicyClient): Observation {
  const pixels = Uint8Array.from({ length: 3 * pictureSide ** 2 }, (_, at) => (at * 31) % 256);
  const picture = { height: pictureSide, width: pictureSide, pixels };
  return {
    state: new Float64Array(metadata.stateNames.length),
    pictures: Object.fromEntries(metadata.pictureKeys.map((key) => [key, picture])),
    prompt: metadata.prompt ?? "lift",
  };
}

async function throughputs({ threads, rounds }: ServingRequest, place: string, say: (line: string) => void) {
  say("a policy of size tiny with one camera is made");
  const run = await servedRun({ size: "tiny", cameras: 1, threads }, place);
  const rows: ThroughputRow[] = [];
  for (const weights of await weightKindsHere()) {
    const words = ["--limits", "off", "--weights", weights, "--weight-samples", "1"];
    const servers: ServerProcess[] = [];
    for (const { robots, lanes } of crowds)
      servers.push(await serveRun(run, [...words, "--robots", `${robots}`, "--lanes", `${lanes}`]));
    // In turns: what a core is worth changes from minute to minute.
    const rates: number[][] = crowds.map(() => []);
    for (let round = 0; round < rounds; round++)
      for (const [at, { clients }] of crowds.entries()) rates[at]!.push(await rate(servers[at]!, clients));
    for (const server of servers) await server.stop();
    for (const [at, crowd] of crowds.entries()) {
      const row = { weights, ...crowd, perSecond: median(rates[at]!) };
      say(`${weights}, ${askers(row)}: ${row.perSecond.toFixed(1)} chunks/s`);
      rows.push(row);
    }
  }
  return rows;
}

function askers({ clients, robots, lanes }: Crowd): string {
  return `${clients} robots, ${robots} in a call, ${lanes} side by side`;
}

/** The most chunks of eight robots over those of one. */
function ratioOf(rows: readonly ThroughputRow[], weights: WeightKind): number {
  const own = rows.filter((row) => row.weights === weights);
  const perSecond = (asks: (clients: number) => boolean) =>
    Math.max(...own.filter(({ clients }) => asks(clients)).map((row) => row.perSecond));
  return perSecond((clients) => clients > 1) / perSecond((clients) => clients === 1);
}

/** Chunks per second of robots that ask again as soon as they are answered. */
async function rate({ port }: ServerProcess, count: number): Promise<number> {
  const clients = await Promise.all(
    Array.from({ length: count }, () => PolicyClient.connect(`ws://127.0.0.1:${port}`)),
  );
  const asked = observation(clients[0]!);
  await Promise.all(clients.map((client) => client.infer(asked)));
  const from = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      for (let question = 0; question < questions / count; question++) await client.infer(asked);
    }),
  );
  const seconds = (performance.now() - from) / 1000;
  for (const client of clients) client.close();
  return (Math.ceil(questions / count) * count) / seconds;
}

/** The smallest value that so large a share of them does not exceed. */
function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.ceil(share * sorted.length) - 1]!;
}

function overheadTable(rows: readonly OverheadRow[]): string {
  const columns = [
    { title: "server", align: "left" },
    { title: "client", align: "left" },
    { title: "median ms", align: "right" },
    { title: "95th percentile ms", align: "right" },
  ] as const;
  return markdownTable(
    columns,
    rows.map(({ server, client, medianMs, percentile95Ms }) => [
      server,
      client,
      medianMs.toFixed(2),
      percentile95Ms.toFixed(2),
    ]),
  );
}

function throughputTable(rows: readonly ThroughputRow[]): string {
  const columns = [
    { title: "weights", align: "left" },
    { title: "robots that ask", align: "right" },
    { title: "in one call", align: "right" },
    { title: "calls side by side", align: "right" },
    { title: "chunks/s", align: "right" },
  ] as const;
  return markdownTable(
    columns,
    rows.map(({ weights, clients, robots, lanes, perSecond }) => [
      weights,
      `${clients}`,
      `${robots}`,
      `${lanes}`,
      perSecond.toFixed(1),
    ]),
  );
}
