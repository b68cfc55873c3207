import { readdir, readFile } from "node:fs/promises";
import { extname, join, sep } from "node:path";

/** One file of the page. */
export interface Asset {
  readonly type: string;
  readonly bytes: Uint8Array;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The files of the built page by their addresses: all are held, so that no address becomes a path on the disk. */
export async function readAssets(folder: string): Promise<ReadonlyMap<string, Asset>> {
  const paths = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const read = paths.map(async (path): Promise<[string, Asset]> => {
    const address = path.slice(folder.length).split(sep).filter(Boolean).join("/");
    return [`/${address}`, { type: types[extname(path)] ?? "application/octet-stream", bytes: await readFile(path) }];
  });
  return new Map(await Promise.all(read));
}

/** The page itself. */
export const indexAddress = "/index.html";

/** Whether an address is one of the page's own views, and not a file of it: views have no dot in their names. */
export function isView(address: string): boolean {
  return /^\/[\w-]*$/.test(address);
}
