import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { InputError } from "../../input-error.ts";
import { everything } from "../testing/real-data.ts";
import { writeV2 } from "../testing/small-dataset.ts";
import { resolveRoot } from "./hub.ts";
import { openDataset } from "./open.ts";

const sha = "0123456789abcdef0123456789abcdef01234567";
let folder = "";
let server: Server;
let asked: string[] = [];
/** Which bytes of tables were asked for, where connections break off. */
let ranges: string[] = [];
/** How the hub answers otherwise than it should. */
let broken: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;

/** A hub with one dataset: what the Hugging Face hub answers to the questions that are asked of it. */
async function serve(files: string): Promise<Server> {
  const names = (await readdir(files, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(files, join(entry.parentPath, entry.name)));
  const tree = await Promise.all(
    names.map(async (path) => {
      const bytes = await readFile(join(files, path));
      return { type: "file", path, size: bytes.length, oid: createHash("sha1").update(bytes).digest("hex") };
    }),
  );
  return createServer(async (request, response) => {
    const url = request.url ?? "";
    asked.push(url);
    if (broken(request, response)) return;
    const json = (value: unknown) => response.setHeader("content-type", "application/json").end(JSON.stringify(value));
    if (url.startsWith(`/api/datasets/robots/wave/tree/${sha}`)) return json(tree);
    if (/^\/api\/datasets\/robots\/wave\/revision\/(main|HEAD|v1\.0|0123456789abcdef[^?]*)\?/.test(url))
      return json({ _id: "1", id: "robots/wave", sha, private: false, likes: 0, downloads: 0, gated: false, tags: [] });
    const path = /^\/datasets\/robots\/wave\/resolve\/[^/]+\/([^?]+)/.exec(url)?.[1];
    if (path === undefined) return response.writeHead(404).end("{}");
    const bytes = await readFile(join(files, decodeURIComponent(path)));
    response.setHeader("etag", `"${createHash("sha1").update(bytes).digest("hex")}"`);
    response.setHeader("content-length", bytes.length).end(request.method === "HEAD" ? undefined : bytes);
  });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-"));
  await writeV2(join(folder, "source"), [4, 6], {}, () => []);
  asked = [];
  ranges = [];
  broken = () => false;
  server = await serve(join(folder, "source"));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  vi.stubEnv("HF_ENDPOINT", `http://127.0.0.1:${port}`);
  vi.stubEnv("ARMATURE_CACHE", join(folder, "cache"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.close();
  await rm(folder, { recursive: true });
});

test("a dataset of the hub is fetched once, whole, and opens like a folder", async () => {
  const progress: string[] = [];
  const root = await resolveRoot("hf://robots/wave", (file, of) => progress.push(`${file}/${of}`));
  expect(root).toBe(join(folder, "cache/hub/robots--wave", sha));
  expect(progress).toEqual(["1/5", "2/5", "3/5", "4/5", "5/5"]);
  const fetched = asked.filter((url) => url.includes("/resolve/")).length;
  expect(fetched).toBeGreaterThan(0);
  const wave = await openDataset("hf://robots/wave@main", everything("wave"));
  expect([...(await wave.table(1)).vector("action").cells.slice(0, 4)]).toEqual([0, 1, 1, 1]);
  expect(asked.filter((url) => url.includes("/resolve/")).length).toBe(fetched);
});

test("a folder is itself", async () => {
  expect(await resolveRoot("/data/wave", () => {})).toBe("/data/wave");
});

test("a name that is none is the user's mistake", async () => {
  await expect(resolveRoot("hf://wave", () => {})).rejects.toThrow("hf://wave: expected hf://owner/name");
});

/** What is said of a dataset that cannot be fetched: one line that a user can act on. */
async function refusal(location: string): Promise<string> {
  const error: unknown = await resolveRoot(location, () => {}).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InputError);
  return error instanceof InputError ? error.message : "";
}

const answering = (status: number, headers: Record<string, string>) => {
  broken = (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end('{"error":"Sorry"}');
    return true;
  };
};

const expected = "hf://robots/wave: expected a dataset on the hub, got";

test("a dataset that is not there is told from a revision that it does not have", async () => {
  expect(await refusal("hf://robots/none")).toBe(
    "hf://robots/none: expected a dataset on the hub, got no dataset robots/none (status 404); check the name",
  );
  expect(await refusal("hf://robots/wave@v9")).toBe(
    'hf://robots/wave@v9: expected a dataset on the hub, got no revision "v9" of robots/wave (status 404); name one of its branches, tags or commits',
  );
});

test("a revision is what is asked for, and its commit is what files are of", async () => {
  await resolveRoot("hf://robots/wave@v1.0", () => {});
  expect(asked[0]).toMatch(/^\/api\/datasets\/robots\/wave\/revision\/v1\.0\?/);
  expect(asked.slice(1).every((url) => url.includes(sha))).toBe(true);
});

test("a private dataset asks for a token, and a token that does not open it for another", async () => {
  answering(401, {});
  expect(await refusal("hf://robots/wave")).toBe(
    `${expected} a dataset that is private, or is not there (status 401); check the name, or set HF_TOKEN to a token of an account that may read it`,
  );
  vi.stubEnv("HF_TOKEN", "hf_old");
  expect(await refusal("hf://robots/wave")).toContain("got a token in HF_TOKEN that does not open it (status 401)");
  vi.stubEnv("HF_TOKEN", "secret");
  expect(await refusal("hf://robots/wave")).toBe(`${expected} a token in HF_TOKEN that does not begin with "hf_"`);
});

test("a gated dataset says where its terms are accepted, whichever status it answers", async () => {
  const page = `${process.env.HF_ENDPOINT}/datasets/robots/wave`;
  answering(403, {});
  expect(await refusal("hf://robots/wave")).toBe(
    `${expected} a dataset that is open only to those who accept its terms (status 403); accept them at ${page}, and set HF_TOKEN to a token of that account`,
  );
  answering(401, { "x-error-code": "GatedRepo" });
  expect(await refusal("hf://robots/wave")).toContain(`accept its terms (status 401); accept them at ${page}`);
});

test("a hub that is asked too much, or fails, is to be waited for", async () => {
  answering(429, { "retry-after": "90" });
  expect(await refusal("hf://robots/wave")).toContain(
    "too many questions for the hub (status 429); wait 90 s, or set HF_TOKEN",
  );
  answering(503, {});
  expect(await refusal("hf://robots/wave")).toBe(`${expected} a hub that fails (status 503); try again later`);
});

test("a hub that nothing is heard of is named with the network's word", async () => {
  const { host } = new URL(process.env.HF_ENDPOINT ?? "");
  await new Promise((closed) => server.close(closed));
  expect(await refusal("hf://robots/wave")).toContain(`got no answer from ${host} (ECONNREFUSED); check the network`);
});

/** Ends the connection in the middle of each table, at most so often for each. */
const cutTables = (times: number) => {
  const cuts = new Map<string, number>();
  broken = ({ url = "", headers }, response) => {
    const file = /\/resolve\/[^/]+\/(.*\.parquet)$/.exec(url)?.[1];
    if (file === undefined) return false;
    const cut = cuts.get(file) ?? 0;
    cuts.set(file, cut + 1);
    ranges.push(headers.range ?? "all");
    const bytes = readFileSync(join(folder, "source", file));
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, { "content-length": bytes.length - from });
    if (cut >= times) response.end(bytes.subarray(from));
    else response.write(bytes.subarray(from, from + 100), () => setTimeout(() => response.destroy(), 100));
    return true;
  };
};

test("a file whose connection breaks off is gone on with, and is the file to the byte", async () => {
  cutTables(2);
  const root = await resolveRoot("hf://robots/wave", () => {});
  expect(ranges.slice(0, 3)).toEqual(["all", "bytes=100-", "bytes=200-"]);
  for (const table of ["episode_000000.parquet", "episode_000001.parquet"]) {
    const path = join("data/chunk-000", table);
    expect(await readFile(join(root, path))).toEqual(await readFile(join(folder, "source", path)));
  }
});

test("a file that keeps breaking off is never taken for whole, and leaves nothing behind", async () => {
  cutTables(1000);
  expect(await refusal("hf://robots/wave")).toMatch(
    /got \d+ bytes of 775 for .*episode_000000\.parquet; give the command again/,
  );
  const left = await readdir(join(folder, "cache"), { recursive: true });
  expect(left.filter((name) => /parquet|part/.test(name))).toEqual([]);
});

test("of a repository that is no dataset nothing is fetched", async () => {
  await rm(join(folder, "source/meta/info.json"));
  server.close();
  server = await serve(join(folder, "source"));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  vi.stubEnv("HF_ENDPOINT", `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
  expect(await refusal("hf://robots/wave")).toContain(
    "got a repository without meta/info.json, which is no LeRobot dataset",
  );
  expect(asked.filter((url) => url.includes("/resolve/"))).toEqual([]);
});
