import { createHash } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { crc32, deflateRawSync } from "node:zlib";

/** A package index on this machine, and what it was asked. */
export interface PackageIndex {
  /** Its address, as `PIP_INDEX_URL` names it. */
  readonly address: string;
  readonly asked: { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  close(): Promise<void>;
}

/** An answer of the index; `null` breaks the connection off. */
export type IndexAnswer = { readonly type: string; readonly body: string | Uint8Array } | null;

/** @param answers by path: `/simple/openvino/` */
export async function packageIndex(answers: Readonly<Record<string, IndexAnswer>>): Promise<PackageIndex> {
  const asked: PackageIndex["asked"] = [];
  const server = createServer(({ url = "", headers }, response) => {
    asked.push({ path: url, headers });
    const answer = answers[url];
    if (answer === undefined) response.writeHead(404).end();
    else if (answer === null) response.writeHead(200, { "content-length": 100 }).write("PK", () => response.destroy());
    else response.writeHead(200, { "content-type": answer.type }).end(answer.body);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  const close = () => new Promise<void>((closed) => server.close(() => closed()));
  return { address: `http://127.0.0.1:${port}/simple`, asked, close };
}

/** A listing of files as PEP 691 writes it. */
export function listing(files: Readonly<Record<string, Uint8Array>>): IndexAnswer {
  const rows = Object.entries(files).map(([filename, bytes]) => ({
    filename,
    url: `../../files/${filename}`,
    size: bytes.length,
    hashes: { sha256: createHash("sha256").update(bytes).digest("hex") },
  }));
  const body = JSON.stringify({ meta: { "api-version": "1.1" }, name: "any", files: rows });
  return { type: "application/vnd.pypi.simple.v1+json", body };
}

/** A wheel's bytes: a zip archive of the given files, and of the list of them. */
export function wheel(name: string, version: string, files: Readonly<Record<string, string>>): Uint8Array {
  const record = `${name}-${version}.dist-info/RECORD`;
  const rows = Object.entries(files).map(([path, text]) => `${path},sha256=any,${Buffer.byteLength(text)}`);
  return zip({ ...files, [record]: [...rows, `${record},,`, ""].join("\n") });
}

function zip(files: Readonly<Record<string, string>>): Uint8Array {
  const [locals, entries]: [Buffer[], Buffer[]] = [[], []];
  let at = 0;
  for (const [path, text] of Object.entries(files)) {
    const packed = deflateRawSync(text);
    const name = Buffer.from(path);
    const sizes = [crc32(text), packed.length, Buffer.byteLength(text)];
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt32LE(at, 42);
    for (const [head, method] of [
      [local, 8],
      [entry, 10],
    ] as const) {
      head.writeUInt16LE(8, method);
      for (const [place, size] of sizes.entries()) head.writeUInt32LE(size, method + 6 + 4 * place);
      head.writeUInt16LE(name.length, method + 18);
    }
    locals.push(local, name, packed);
    entries.push(entry, name);
    at += local.length + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  for (const place of [8, 10]) end.writeUInt16LE(Object.keys(files).length, place);
  end.writeUInt32LE(Buffer.concat(entries).length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, ...entries, end]);
}
