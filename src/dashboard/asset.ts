import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join, sep } from "node:path";

/** One file of the page. */
export interface Asset {
  readonly type: string;
  /** Read when it is first asked for, and held from then on. */
  bytes(): Promise<Uint8Array>;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** The files of the built page by their addresses, which are known from the start: no address becomes a path on the disk. */
export async function readAssets(folder: string): Promise<ReadonlyMap<string, Asset>> {
  const paths = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const own = paths.map((path): [string, Asset] => {
    const address = path.slice(folder.length).split(sep).filter(Boolean).join("/");
    return [`/${address}`, assetAt(path)];
  });
  return new Map([...own, ...physicsAssets()]);
}

/** MuJoCo as it is installed here, so that the page holds no second copy of it; nothing where it is not installed. */
function physicsAssets(): [string, Asset][] {
  const script = installed("@mujoco/mujoco");
  if (script === null) return [];
  return ["mujoco.js", "mujoco.wasm"].map((name) => [
    `${physicsAddress}/${name}`,
    assetAt(join(dirname(script), name)),
  ]);
}

/** Below it stand the files of the package that simulates. */
export const physicsAddress = "/mujoco";

function installed(name: string): string | null {
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch {
    return null;
  }
}

function assetAt(path: string): Asset {
  let reading: Promise<Uint8Array> | null = null;
  const bytes = () => {
    reading ??= readFile(path);
    return reading;
  };
  return { type: types[extname(path)] ?? "application/octet-stream", bytes };
}

/** The page itself. */
export const indexAddress = "/index.html";

/** Whether an address is that of a script that runs beside the page, with no document. */
export function isWorker(address: string): boolean {
  return address.startsWith("/worker/");
}

/** Whether a file's name holds a digest of its content, so that a browser may keep it. */
export function isNamedByContent(address: string): boolean {
  return address.startsWith("/assets/") || isWorker(address);
}

/** Whether an address is one of the page's own views, and not a file of it: views have no dot in their names. */
export function isView(address: string): boolean {
  return /^\/[\w-]*$/.test(address);
}
