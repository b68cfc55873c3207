import type { Vector } from "./physics.ts";

/** Colours that instructions name: red, green and blue from 0 to 1, far from one another and from the tables. */
export const colours = {
  red: [0.9, 0.12, 0.1],
  green: [0.1, 0.7, 0.2],
  blue: [0.12, 0.3, 0.95],
  yellow: [0.98, 0.85, 0.1],
  purple: [0.6, 0.15, 0.75],
} as const satisfies Record<string, Vector>;

export type Colour = keyof typeof colours;

export const colourNames: readonly Colour[] = ["red", "green", "blue", "yellow", "purple"];

/** Table tops and robots: greys that no instruction means. */
export const greys = {
  table: "0.82 0.8 0.76 1",
  link: "0.35 0.37 0.42 1",
  joint: "0.2 0.21 0.25 1",
  tool: "0.12 0.12 0.14 1",
} as const;
