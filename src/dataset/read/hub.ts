import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { cacheFolder } from "../../cache-folder.ts";
import { InputError } from "../../input-error.ts";
import { makeFolder } from "../../make-folder.ts";
import { optionalPackage } from "../../optional-package.ts";
import { reason } from "../problem.ts";
import { HubError, hubFetch } from "./hub-request.ts";

const scheme = "hf://";
const description = "meta/info.json";

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
    throw new InputError(`${location}: expected a dataset on the hub, got ${reason(error)}`);
  }
}

interface Hub {
  readonly hubUrl: string;
  readonly accessToken?: string;
  readonly fetch: typeof fetch;
}

async function fetchDataset(name: string, revision: string, fetched: Fetched): Promise<string> {
  const { HUB_URL, listFiles } = await hubPackage();
  const { HF_ENDPOINT, HF_TOKEN } = process.env;
  if (HF_TOKEN && !HF_TOKEN.startsWith("hf_")) throw new Error('a token in HF_TOKEN that does not begin with "hf_"');
  const hubUrl = HF_ENDPOINT || HUB_URL;
  const repository = `${hubUrl}/datasets/${name}`;
  const hub: Hub = { hubUrl, fetch: hubFetch(repository), ...(HF_TOKEN ? { accessToken: HF_TOKEN } : {}) };
  const sha = await commitOf(name, revision, hub);
  const root = join(cacheFolder("hub"), name.replace("/", "--"), sha);
  const repo = { type: "dataset", name } as const;
  const files = await Array.fromAsync(listFiles({ repo, revision: sha, recursive: true, ...hub }));
  const wanted = files.filter((file) => file.type === "file");
  needDescription(wanted.map(({ path }) => path));
  for (const [at, { path, size }] of wanted.entries()) {
    const target = join(root, path);
    if (!target.startsWith(join(root, sep))) throw new Error(`the file name "${path}", which leaves the folder`);
    const here = await stat(target).catch(() => null);
    const address = `${repository}/resolve/${sha}/${encodeURI(path)}`;
    if (here?.size !== size) await fetchFile(address, { path: target, size }, hub);
    fetched(at + 1, wanted.length, path);
  }
  return root;
}

async function hubPackage() {
  return await optionalPackage(scheme, "@huggingface/hub", () => import("@huggingface/hub"));
}

/** The commit that a revision is, so that all files are of one. @throws HubError naming the dataset or the revision where there is none */
async function commitOf(name: string, revision: string, hub: Hub): Promise<string> {
  const { datasetInfo } = await hubPackage();
  try {
    return (await datasetInfo({ name, revision, additionalFields: ["sha"], ...hub })).sha;
  } catch (error) {
    if (!(error instanceof HubError) || error.status !== 404) throw error;
    // The dataset's default branch tells which of the two there is not.
    const isThere = await datasetInfo({ name, ...hub }).then(
      () => true,
      () => false,
    );
    const message = isThere
      ? `no revision "${revision}" of ${name} (status 404); name one of its branches, tags or commits`
      : `no dataset ${name} (status 404); check the name`;
    throw new HubError(message, 404);
  }
}

/** Nothing is fetched of what is no dataset here, however large it is. */
function needDescription(paths: readonly string[]): void {
  if (paths.includes(description)) return;
  const below = paths
    .filter((path) => path.endsWith(`/${description}`))
    .map((path) => path.slice(0, -description.length));
  const others = paths.slice(0, 3).join(", ");
  throw new Error(
    below.length > 0
      ? `a repository whose datasets lie below it, in ${below.slice(0, 3).join(", ")}; fetch it by "hf download" and name such a folder`
      : `a repository without ${description}, which is no LeRobot dataset (it has ${others || "no files"})`,
  );
}

/** A file that is fetched, and how long it is. */
interface Wanted {
  readonly path: string;
  readonly size: number;
}

/** Connections that may break off before a file is given up. */
const attempts = 4;

/**
 * A file appears under its name when it is whole; one that breaks off is gone on with from where it did.
 *
 * One plain request streams it; the library's own asks three times.
 */
async function fetchFile(address: string, { path, size }: Wanted, hub: Hub): Promise<void> {
  await makeFolder(dirname(path));
  const partial = `${path}.${process.pid}.part`;
  try {
    let came = 0;
    for (let attempt = 1; came !== size || attempt === 1; attempt++) {
      const broke = await fetchRest(address, partial, { came, hub });
      came = (await stat(partial)).size;
      if (came > size || (broke === null && came < size) || (came < size && attempt === attempts))
        throw new Error(`${came} bytes of ${size} for ${address}; give the command again, what has come whole is kept`);
    }
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
}

/** Appends what is left of a file; returns why it broke off, `null` where the answer came to its end. */
async function fetchRest(
  address: string,
  partial: string,
  { came, hub }: { readonly came: number; readonly hub: Hub },
): Promise<unknown> {
  const token = hub.accessToken === undefined ? {} : { authorization: `Bearer ${hub.accessToken}` };
  const range = came === 0 ? {} : { range: `bytes=${came}-` };
  const response = await hub.fetch(address, { headers: { ...token, ...range } });
  if (response.body === null) throw new Error(`nothing for ${address}`);
  const flags = response.status === 206 ? "a" : "w";
  try {
    await pipeline(response.body, createWriteStream(partial, { flags }));
    return null;
  } catch (error) {
    // A full disk is no matter of the connection.
    if (error instanceof Error && "syscall" in error && error.syscall === "write") throw error;
    return error;
  }
}
