import { createWriteStream } from "node:fs";
import { rename, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { InputError } from "../../input-error.ts";
import { makeFolder } from "../../make-folder.ts";
import { optionalPackage } from "../../optional-package.ts";
import { cacheFolder } from "../cache.ts";
import { reason } from "../problem.ts";

const scheme = "hf://";

/** Told of each file of a dataset that has been fetched. */
export type Fetched = (file: number, of: number, path: string) => void;

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
    if (error instanceof InputError) throw error;
    const what = `${location}: expected a dataset on the hub, got ${reason(error)}`;
    throw new InputError(`${what}; check the name, the revision and the network`);
  }
}

async function fetchDataset(name: string, revision: string, fetched: Fetched): Promise<string> {
  const { HUB_URL, datasetInfo, listFiles } = await optionalPackage(
    scheme,
    "@huggingface/hub",
    () => import("@huggingface/hub"),
  );
  const { HF_ENDPOINT, HF_TOKEN } = process.env;
  const hub = { hubUrl: HF_ENDPOINT || HUB_URL, ...(HF_TOKEN ? { accessToken: HF_TOKEN } : {}) };
  const { sha } = await datasetInfo({ name, revision, additionalFields: ["sha"], ...hub });
  const root = join(cacheFolder("hub"), name.replace("/", "--"), sha);
  const repo = { type: "dataset", name } as const;
  const files = await Array.fromAsync(listFiles({ repo, revision: sha, recursive: true, ...hub }));
  const wanted = files.filter((file) => file.type === "file");
  for (const [at, { path, size }] of wanted.entries()) {
    const target = join(root, path);
    if (!target.startsWith(join(root, sep))) throw new Error(`the file name "${path}", which leaves the folder`);
    const here = await stat(target).catch(() => null);
    const address = `${hub.hubUrl}/datasets/${name}/resolve/${sha}/${encodeURI(path)}`;
    if (here?.size !== size) await fetchFile(address, target, size);
    fetched(at + 1, wanted.length, path);
  }
  return root;
}

/** A file appears under its name when it is whole. One plain request streams it; the library's own asks three times. */
async function fetchFile(address: string, target: string, size: number): Promise<void> {
  const { HF_TOKEN } = process.env;
  const response = await fetch(address, { headers: HF_TOKEN ? { authorization: `Bearer ${HF_TOKEN}` } : {} });
  if (!response.ok || response.body === null) throw new Error(`status ${response.status} for ${address}`);
  await makeFolder(dirname(target));
  const partial = `${target}.${process.pid}.part`;
  await pipeline(response.body, createWriteStream(partial));
  const { size: came } = await stat(partial);
  if (came !== size) throw new Error(`${came} bytes in place of ${size} for ${address}`);
  await rename(partial, target);
}
