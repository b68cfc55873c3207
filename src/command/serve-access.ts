import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { InputError } from "../input-error.ts";
import type { Tls } from "../serving/protocol/listener.ts";

/** Who may ask, and whether what is sent is encrypted, as options say. */
export interface AccessGiven {
  readonly apiKeyFile: string | null;
  readonly tlsCert: string | null;
  readonly tlsKey: string | null;
}

/** @throws InputError where a file is not there, or is none of its kind */
export async function accessOf({ apiKeyFile, tlsCert, tlsKey }: AccessGiven) {
  const apiKeys = apiKeyFile === null ? null : await apiKeysOf(apiKeyFile);
  return { apiKeys, tls: await tlsOf(tlsCert, tlsKey) };
}

/** The keys of a file, one on each line. @throws InputError where it is not there or has none */
export async function apiKeysOf(path: string): Promise<string[]> {
  const lines = (await textOf("--api-key-file", path)).split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "");
  if (keys.length === 0) throw new InputError(`--api-key-file: expected a key in ${path}, got an empty file`);
  return keys;
}

/** A certificate and its key; `null` where neither is given. @throws InputError where one of them is missing, or they are not of each other */
export async function tlsOf(cert: string | null, key: string | null): Promise<Tls | null> {
  if (cert === null && key === null) return null;
  if (cert === null || key === null)
    throw new InputError(
      `--tls-cert, --tls-key: expected both or neither, got ${cert === null ? "the key" : "the certificate"} alone`,
    );
  const tls = { cert: await textOf("--tls-cert", cert), key: await textOf("--tls-key", key) };
  const { listener } = await import("../serving/protocol/listener.ts");
  listener(tls, () => {});
  return tls;
}

async function textOf(option: string, path: string): Promise<string> {
  if (!existsSync(path)) throw new InputError(`${option}: expected a file, got "${path}", which is not there`);
  return await readFile(path, "utf8");
}
