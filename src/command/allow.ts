import { conventionNames } from "../checkpoint/convention-name.ts";
import { choice, otherwise, repeated } from "./parameter.ts";

/** `--allow NAME`: weights may have been trained under another convention of this name than they are run under. */
export const allow = otherwise(
  repeated(
    choice("convention", "let weights run under another convention than they were trained under", conventionNames),
  ),
  [],
);
