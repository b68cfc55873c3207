import { z } from "zod";
import { InputError } from "../input-error.ts";

/** A package of the Python package index, of which libraries alone are taken. */
export interface WheelRequest {
  /** As it is called there: `nvidia-cublas`. */
  readonly name: string;
  readonly version: string;
}

/** A file of the index: a zip archive of what a package installs. */
export interface Wheel {
  readonly file: string;
  readonly address: URL;
  readonly bytes: number;
  readonly sha256: string;
}

/** A machine as wheels name it: `x86_64` and the C library's version, 2.39 as `[2, 39]`. */
export interface WheelPlatform {
  readonly architecture: string;
  readonly glibc: readonly [number, number];
}

const variable = "PIP_INDEX_URL";
const publicIndex = "https://pypi.org/simple";
const listing = "application/vnd.pypi.simple.v1+json";

const listingForm = z.object({
  files: z.array(
    z.object({
      filename: z.string(),
      url: z.string(),
      size: z.number().int().positive().optional(),
      hashes: z.record(z.string(), z.string()),
    }),
  ),
});

/** Names of platforms from before they said which version of the C library they need. @source PEP 600 */
const oldPlatforms: Readonly<Record<string, string>> = {
  manylinux1: "manylinux_2_5",
  manylinux2010: "manylinux_2_12",
  manylinux2014: "manylinux_2_17",
};

/**
 * The wheel of a package for a machine, as the index at `PIP_INDEX_URL` lists it, else the public one. Of several, one for each
 * version of Python, the first by name: libraries know nothing of Python.
 *
 * @throws InputError where the index does not answer, or has none
 * @source PEP 691 (the listing), PEP 427 (names of wheels)
 */
export async function findWheel(request: WheelRequest, platform: WheelPlatform): Promise<Wheel> {
  const { name, version } = request;
  const where = `${name} ${version}`;
  const index = process.env[variable] || publicIndex;
  const address = URL.parse(`${index.replace(/\/+$/, "")}/${name}/`);
  if (address === null) throw new InputError(`${where}: expected an address in ${variable}, got "${index}"`);
  const response = await answered(where, address, { accept: listing });
  // An index that knows only HTML answers with that.
  const parsed = listingForm.safeParse(await response.json().catch(() => null));
  if (!parsed.success)
    throw new InputError(
      `${where}: expected a listing in JSON (PEP 691) at ${shown(address)}, got none; name an index that has it in ${variable}`,
    );
  const all = parsed.data.files.map((file) => ({ ...file, tags: tagsOf(file.filename) }));
  const ofVersion = all.filter(({ tags }) => tags?.version === version);
  const fitting = ofVersion.filter(({ tags }) => tags?.platforms.some((tag) => runsOn(tag, platform)) ?? false);
  const [first] = fitting.sort((one, other) => (one.filename < other.filename ? -1 : 1));
  if (first === undefined) throw new InputError(`${where}: ${noWheel(platform, ofVersion.length, shown(address))}`);
  const sha256 = first.hashes.sha256;
  if (sha256 === undefined)
    throw new InputError(`${where}: expected a sha256 of ${first.filename} at ${shown(address)}, got none`);
  const base = response.url === "" ? address : response.url;
  return { file: first.filename, address: new URL(first.url, base), bytes: first.size ?? 0, sha256 };
}

/**
 * A good answer to a question, with the name and password that its address, or the index's, holds.
 *
 * @throws InputError in words that say what to do
 */
export async function answered(
  where: string,
  address: URL,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const bare = new URL(address);
  bare.username = "";
  bare.password = "";
  let response: Response;
  try {
    response = await fetch(bare, { headers: { ...headers, ...authorization(address) } });
  } catch (error) {
    throw new InputError(
      `${where}: expected an answer of ${bare.host}, got ${unanswered(error)}; check the network, the address in ${variable}, ` +
        "and for a proxy HTTPS_PROXY with NODE_USE_ENV_PROXY=1",
    );
  }
  if (response.ok) return response;
  await response.body?.cancel();
  const cure = response.status === 404 ? `check the address in ${variable}` : "try again later";
  throw new InputError(
    `${where}: expected it at ${shown(address)}, got an answer of status ${response.status}; ${cure}`,
  );
}

/** Platforms of a wheel; `null` for a file that is none: `name-version(-build)-python-abi-platform.whl`. */
function tagsOf(file: string): { readonly version: string; readonly platforms: readonly string[] } | null {
  const parts = file.replace(/\.whl$/, "").split("-");
  if (!file.endsWith(".whl") || (parts.length !== 5 && parts.length !== 6)) return null;
  return { version: parts[1]!, platforms: parts.at(-1)!.split(".") };
}

function runsOn(tag: string, { architecture, glibc }: WheelPlatform): boolean {
  const named = tag.replace(/^manylinux(1|2010|2014)(?=_)/, (old) => oldPlatforms[old] ?? old);
  const found = /^manylinux_(\d+)_(\d+)_(.+)$/.exec(named);
  if (found === null || found[3] !== architecture) return false;
  const [major, minor] = [Number(found[1]), Number(found[2])];
  return major < glibc[0] || (major === glibc[0] && minor <= glibc[1]);
}

function noWheel({ architecture, glibc }: WheelPlatform, ofVersion: number, index: string): string {
  const machine = `Linux on ${architecture} with glibc ${glibc.join(".")}`;
  return ofVersion === 0
    ? `expected this version at ${index}, got others alone; is the index complete, and this program's newest version in use?`
    : `expected a wheel for ${machine} at ${index}, got ${ofVersion} for other machines; compute on another device here`;
}

function authorization(address: URL): Readonly<Record<string, string>> {
  const index = process.env[variable];
  const ofIndex = index ? URL.parse(index) : null;
  // Files may lie elsewhere, and nobody else is told the index's password.
  const isOfIndex = address.username === "" && ofIndex?.origin === address.origin;
  const { username, password } = isOfIndex ? ofIndex : address;
  if (username === "") return {};
  const given = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(given).toString("base64")}` };
}

function shown({ host, pathname }: URL): string {
  return host + pathname;
}

function unanswered(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
}
