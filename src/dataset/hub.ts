import { createWriteStream } from "node:fs";
import { mkdir, rename, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { InputError } from "../input-error.ts";
import { reason } from "./problem.ts";

const scheme = "hf://";

/** Told of each file of a dataset that has been fetched. */
export type Fetched = (file: number, of: number, path: string) => void;

/** Where fetched datasets and computed statistics are kept: `ARMATURE_CACHE`, else `armature` in the user's cache folder. */
export function cacheFolder(): string {
  const { ARMATURE_CACHE, XDG_CACHE_HOME } = process.env;
  return ARMATURE_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "armature");
}

/**
 * The folder of a dataset. `hf://owner/name[@revision]` is fetched from the Hugging Face hub first, whole, what is here already excepted.
 *
 * The hub is the one at `HF_ENDPOINT`, else huggingface.co; `HF_TOKEN` opens what is not public.
 *
 * @throws InputError if the address is no such thing or cannot be fetched
 */
export async function resolveRoot(location: string, fetched: Fetched): Promise<string> {
  if (!location.startsWith(scheme)) return location;
  const match = /^([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?$/.exec(location.slice(scheme.length));
  if (match === null) throw new InputError(`${location}: expected hf://owner/name or hf://owner/name@revision`);
  const [, name = "", revision = "main"] = match;
  try {
    return await fetchDataset(name, revision, fetched);
  } catch (error) {
    const what = `${location}: expected a dataset on the hub, got ${reason(error)}`;
    throw new InputError(`${what}; check the name, the revision and the network`);
  }
}

async function fetchDataset(name: string, revision: string, fetched: Fetched): Promise<string> {
  const { datasetInfo, downloadFile, listFiles } = await import("@huggingface/hub");
  const { HF_ENDPOINT, HF_TOKEN } = process.env;
  const hub = {
    ...(HF_ENDPOINT ? { hubUrl: HF_ENDPOINT } : {}),
    ...(HF_TOKEN ? { accessToken: HF_TOKEN } : {}),
  };
  const repo = { type: "dataset", name } as const;
  const { sha } = await datasetInfo({ name, revision, additionalFields: ["sha"], ...hub });
  const root = join(cacheFolder(), "hub", name.replace("/", "--"), sha);
  const files = await Array.fromAsync(listFiles({ repo, revision: sha, recursive: true, ...hub }));
  const wanted = files.filter((file) => file.type === "file");
  for (const [at, { path, size }] of wanted.entries()) {
    const target = join(root, path);
    if (!target.startsWith(root)) throw new Error(`the file name "${path}", which leaves the folder`);
    const here = await stat(target).catch(() => null);
    if (here?.size !== size) {
      const blob = await downloadFile({ repo, path, revision: sha, ...hub });
      if (blob === null) throw new Error(`no file ${path}`);
      await write(target, blob);
    }
    fetched(at + 1, wanted.length, path);
  }
  return root;
}

/** A file appears under its name when it is whole. */
async function write(target: string, blob: Blob): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const partial = `${target}.${process.pid}.part`;
  const content: ReadableStream = blob.stream();
  await pipeline(Readable.fromWeb(content), createWriteStream(partial));
  await rename(partial, target);
}
