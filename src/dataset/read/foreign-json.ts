import { readFile } from "node:fs/promises";
import { ForeignFileError, foreignDefect, unopened } from "./foreign-file.ts";

/**
 * The text of a file of metadata, without the byte order mark that some editors put before it.
 *
 * @throws ForeignFileError saying what stands there in its place; Error of the file system where it cannot be read
 */
export async function readForeignText(path: string): Promise<string> {
  const bytes = await readFile(path).catch(async (error: unknown) => {
    throw await unopened(path, error);
  });
  const defect = foreignDefect(bytes, bytes.length);
  if (defect !== null) throw new ForeignFileError(defect);
  const encoding = encodingOf(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new ForeignFileError(`bytes that are no ${encoding.toUpperCase()} text; save it as UTF-8`);
  }
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}

/**
 * The value of a JSON text as Python writes it: `NaN`, `Infinity` and `-Infinity` are numbers.
 *
 * @throws ForeignFileError saying where the text stops being JSON
 */
export function parseForeignJson(text: string): unknown {
  const standard = text.replaceAll(stringOrNumber, (token) => (token.startsWith('"') ? token : `"\\u0000${token}"`));
  try {
    return JSON.parse(standard, (_, value: unknown) =>
      typeof value === "string" && marked.test(value) ? Number(value.slice(1)) : value,
    );
  } catch (error) {
    throw new ForeignFileError(jsonDefect(standard, error instanceof Error ? error.message : ""));
  }
}

const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

/** JSON has no such numbers: they pass through it as texts that begin with a character that no one writes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is that character.
const marked = /^\u0000(NaN|-?Infinity)$/;

function jsonDefect(text: string, message: string): string {
  if (text.trim() === "") return "an empty file";
  const stop = Number(/position (\d+)/.exec(message)?.[1] ?? 0);
  if (/end of JSON|Unterminated/.test(message) || stop >= text.trimEnd().length)
    return "JSON that breaks off before its end";
  const line = /line (\d+)/.exec(message)?.[1];
  const where = line === undefined || !text.trim().includes("\n") ? "" : ` at line ${line}`;
  const beginning = text.trim().slice(0, 30).replaceAll(/\s+/g, " ");
  return `text that is no JSON${where} (it begins with ${JSON.stringify(beginning)})`;
}
