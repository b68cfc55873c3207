import { styleText } from "node:util";
import type { Screen } from "./terminal.ts";

/** Text in a colour, or paler, where that can be seen. */
export type Paint = (style: "dim" | "cyan", text: string) => string;

/** As a screen shows colours; one that shows none, or whose user has set `NO_COLOR`, gets plain text. */
export function paintFor(screen: Screen): Paint {
  return (style, text) => styleText(style, text, { stream: screen });
}
