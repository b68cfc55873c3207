import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { insideFolder } from "../path-template.ts";
import { reason } from "../problem.ts";
import { foreignDefect } from "./foreign-file.ts";

/**
 * The encoded picture in a cell: bytes, alone or in LeRobot's `image` type; or the path of a file below `root`, alone or there.
 *
 * @throws Error saying what the cell holds in place of them, or at which path there is no such file
 */
export async function storedPicture(root: string, cell: unknown): Promise<Uint8Array> {
  if (cell instanceof Uint8Array) return cell;
  if (typeof cell === "string") return await pictureFile(root, cell);
  if (cell === null || cell === undefined) throw new Error("an empty cell");
  if (Array.isArray(cell)) throw new Error("a list of numbers; store pictures as PNG or JPEG, or as a film");
  if (typeof cell !== "object") throw new Error(`a ${typeof cell}`);
  if ("bytes" in cell && cell.bytes instanceof Uint8Array) return cell.bytes;
  if ("path" in cell && typeof cell.path === "string") return await pictureFile(root, cell.path);
  throw new Error("an empty cell, with neither bytes nor a path");
}

async function pictureFile(root: string, path: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(join(root, insideFolder(path)));
  } catch (error) {
    const got = error instanceof RangeError ? "a path that leaves the dataset's folder" : reason(error);
    throw new Error(`${got}, at the path "${path}"; put the pictures into the table, or into the dataset's folder`);
  }
  const defect = foreignDefect(bytes, bytes.length);
  if (defect !== null) throw new Error(`${defect}, at the path "${path}"`);
  return bytes;
}
