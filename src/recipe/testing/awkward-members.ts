import type { GeneratedDataset } from "../../dataset/generated.ts";
import { awkwardArm, awkwardCart, awkwardQuestions, awkwardTwin, descriptionOf } from "./awkward-datasets.ts";

/** An entry of a column of a file. */
export type FileEntry = readonly [key: string, entry: number];

/** What stands in a slot of the action: an entry, and the entry of the state of now that it is relative to; `null` for a claw. */
export type FileDof = readonly [own: FileEntry, origin: FileEntry | null];

/** A member of the awkward mixture in the terms of its files: what its mapping has to come to, written down apart from it. */
export interface FileMember {
  readonly description: GeneratedDataset;
  readonly actions: Readonly<Record<number, FileDof>>;
  readonly states: Readonly<Record<number, FileEntry>>;
  readonly cameras: readonly (string | null)[];
  /** Members that it shares its statistics with, itself included. */
  readonly group: readonly number[];
}

/** In the order of the mixture. */
export const awkwardMembers: readonly FileMember[] = [
  {
    description: descriptionOf(awkwardQuestions),
    actions: {},
    states: { 0: ["observation.state", 1] },
    cameras: ["front", null],
    group: [0],
  },
  {
    description: descriptionOf(awkwardArm),
    actions: {
      4: [["hand", 1], null],
      7: [
        ["joints", 3],
        ["seen", 0],
      ],
      0: [
        ["joints", 0],
        ["seen", 1],
      ],
      5: [
        ["joints", 2],
        ["seen", 3],
      ],
    },
    states: { 5: ["seen", 3], 2: ["seen", 1], 0: ["seen", 0] },
    cameras: ["over", "right"],
    group: [1, 2],
  },
  {
    description: descriptionOf(awkwardTwin),
    actions: {
      4: [["action", 3], null],
      7: [
        ["action", 1],
        ["observation.state", 2],
      ],
      0: [
        ["action", 4],
        ["observation.state", 0],
      ],
      5: [
        ["action", 0],
        ["observation.state", 1],
      ],
    },
    states: { 5: ["observation.state", 1], 2: ["observation.state", 0], 0: ["observation.state", 2] },
    cameras: ["observation.images.front", null],
    group: [1, 2],
  },
  {
    description: descriptionOf(awkwardArm),
    actions: {
      8: [
        ["joints", 2],
        ["seen", 2],
      ],
      2: [
        ["joints", 1],
        ["seen", 4],
      ],
    },
    states: { 3: ["seen", 4], 6: ["seen", 2] },
    cameras: [null, "over"],
    group: [3],
  },
  {
    description: descriptionOf(awkwardCart),
    actions: {
      0: [
        ["action", 0],
        ["observation.state", 1],
      ],
      1: [
        ["action", 1],
        ["observation.state", 0],
      ],
    },
    states: { 0: ["observation.state", 0], 1: ["observation.state", 1] },
    cameras: [null, null],
    group: [4],
  },
];
