import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
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
    const json = (value: unknown) => response.setHeader("content-type", "application/json").end(JSON.stringify(value));
    if (url.startsWith("/api/datasets/robots/wave/tree/")) return json(tree);
    if (url.startsWith("/api/datasets/robots/wave/revision/"))
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

test("a name that is none and a dataset that is not there are the user's mistakes", async () => {
  await expect(resolveRoot("hf://wave", () => {})).rejects.toThrow("hf://wave: expected hf://owner/name");
  const missing = resolveRoot("hf://robots/none", () => {});
  await expect(missing).rejects.toThrow(InputError);
  await expect(missing).rejects.toThrow(/hf:\/\/robots\/none: expected a dataset on the hub, got .*; check the name/);
});
