import { type DitSize, type GrootSize, grootSizes, type PolicySizeName } from "./size.ts";

/** What the heads of GR00T N1.5 and N1.7 have alike: layers over the features, and a table of places longer than a chunk. */
const heads = {
  micro: {
    width: 24,
    layers: 4,
    mlp: 48,
    heads: 3,
    headWidth: 8,
    state: 20,
    decoder: 16,
    condition: 8,
    output: 12,
    features: { layers: 2, mlp: 40, heads: 4, headWidth: 8 },
    places: 16,
  },
  mini: {
    width: 128,
    layers: 4,
    mlp: 384,
    heads: 4,
    headWidth: 32,
    state: 128,
    decoder: 128,
    condition: 128,
    output: 128,
    features: { layers: 1, mlp: 256, heads: 4, headWidth: 32 },
    places: 128,
  },
  tiny: {
    width: 256,
    layers: 4,
    mlp: 1024,
    heads: 4,
    headWidth: 64,
    state: 256,
    decoder: 256,
    condition: 256,
    output: 256,
    features: { layers: 2, mlp: 1024, heads: 4, headWidth: 64 },
    places: 256,
  },
  base: {
    width: 1536,
    layers: 16,
    mlp: 6144,
    heads: 32,
    headWidth: 48,
    state: 1024,
    decoder: 1024,
    condition: 256,
    output: 1024,
    features: { layers: 4, mlp: 8192, heads: 32, headWidth: 64 },
    places: 1024,
  },
} as const satisfies Record<PolicySizeName, Omit<DitSize, "future" | "textEvery">>;

/** @source `base`: GR00T N1.5 3B `config.json`; 32 future tokens, every block reads all features */
export const grootN15Sizes = {
  micro: { ...grootSizes.micro, dit: { ...heads.micro, future: 3, textEvery: null } },
  mini: { ...grootSizes.mini, dit: { ...heads.mini, future: 8, textEvery: null } },
  tiny: { ...grootSizes.tiny, dit: { ...heads.tiny, future: 16, textEvery: null } },
  base: { ...grootSizes.base, dit: { ...heads.base, future: 32, textEvery: null } },
} as const satisfies Record<PolicySizeName, GrootSize>;

/** @source `base`: GR00T N1.7 3B `config.json`; 32 blocks, of which those that read features read text and pictures by turns */
export const grootN17Sizes = {
  micro: { ...grootSizes.micro, dit: { ...heads.micro, layers: 7, future: 0, textEvery: 2 } },
  mini: { ...grootSizes.mini, dit: { ...heads.mini, future: 0, textEvery: 2 } },
  tiny: { ...grootSizes.tiny, dit: { ...heads.tiny, layers: 8, future: 0, textEvery: 2 } },
  base: { ...grootSizes.base, dit: { ...heads.base, layers: 32, future: 0, textEvery: 2 } },
} as const satisfies Record<PolicySizeName, GrootSize>;
