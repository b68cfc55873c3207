import { InputError } from "../../../input-error.ts";
import type { DrawnDataset } from "./drawn-dataset.ts";
import { type Expected, keyOf, type Words } from "./expected.ts";

/** A dataset and what has to become of it. */
export interface Drawing {
  readonly drawn: DrawnDataset;
  readonly expected: Expected;
}

/** The message of a refusal. @throws whatever is none: a fault of the program */
export function asRefusal(error: unknown): string {
  if (error instanceof InputError) return error.message;
  throw error;
}

/** What is wrong with how something was refused, or with its not being refused. @param got the refusal, `null` where it was read */
export function refusalDefects(what: string, got: string | null, words: Words | null): string[] {
  if (got === null) return words === null ? [] : [`${what}: expected a refusal with ${words.join(" … ")}, got none`];
  if (words === null) return [`${what}: expected to be read, got ${got}`];
  const isSaid = words.every((word) => got.includes(word)) && !got.includes("\n");
  return isSaid ? [] : [`${what}: expected a refusal in one line with ${words.join(" … ")}, got ${got}`];
}

/** Whether a film is refused, and in what words. */
export function filmWords({ films }: Expected, episode: number, camera: string): Words | null {
  return films.get(keyOf(episode, camera)) ?? null;
}
