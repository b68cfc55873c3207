import { audit } from "./audit.ts";
import { dashboard } from "./dashboard.ts";
import type { Definition } from "./definition.ts";
import { demo } from "./demo.ts";
import { doctor } from "./doctor.ts";
import { exportWeights } from "./export.ts";
import { fitTokenizer } from "./fit-fast.ts";
import { importWeights } from "./import.ts";
import { inspect } from "./inspect.ts";
import { writeRecipe } from "./recipe.ts";
import { record } from "./record.ts";
import { replay } from "./replay.ts";
import { rollout } from "./rollout.ts";
import { serve } from "./serve.ts";
import { train } from "./train.ts";
import { validate } from "./validate.ts";

/** Every command of the package that works, in the order in which `--help` lists them. */
export const commands: readonly Definition[] = [
  demo,
  inspect,
  record,
  writeRecipe,
  fitTokenizer,
  importWeights,
  exportWeights,
  train,
  validate,
  audit,
  rollout,
  dashboard,
  serve,
  replay,
  doctor,
];
