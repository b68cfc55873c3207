import type { BatchLayout } from "../layout.ts";

/** Two rows of two views for a policy that says nothing. */
export const microLayout = {
  rows: 2,
  steps: 5,
  actionWidth: 6,
  stateWidth: 5,
  views: 2,
  observations: 1,
  tokens: 6,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 16,
} as const satisfies BatchLayout;
