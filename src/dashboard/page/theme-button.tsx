import { chooseTheme, useTheme } from "./theme.ts";

/** Switches between light and dark. */
export function ThemeButton() {
  const isDark = useTheme() === "dark";
  return (
    <button type="button" class="quiet" aria-pressed={isDark} onClick={() => chooseTheme(isDark ? "light" : "dark")}>
      <span aria-hidden="true">{isDark ? "☾" : "☀"}</span>
      <span class="wide-only">Dark</span>
      <span class="hidden">mode</span>
    </button>
  );
}
