import { grootSizes, pi0Sizes } from "../../src/policy/size.ts";
import { type FlowVariant, type GrootVariant, variants } from "../../src/policy/variant.ts";

const { vision, backbone, expert } = pi0Sizes.micro;
const before = { vision: { ...vision, layers: 2 }, backbone: { ...backbone, layers: 2 } };

/** The policies that PyTorch's numbers are stored for: `micro` is `micro` with two layers of everything. */
export const twoLayerPi0: FlowVariant = {
  ...variants.pi0,
  sizes: { ...pi0Sizes, micro: { ...before, expert: { ...expert, layers: 2 } } },
};

export const twoLayerGroot: GrootVariant = {
  ...variants.groot_n16,
  sizes: { ...grootSizes, micro: { ...before, dit: { ...grootSizes.micro.dit, layers: 2 } } },
};
