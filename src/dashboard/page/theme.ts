import { useEffect, useState } from "preact/hooks";

export type Theme = "light" | "dark";

const key = "theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const changed = new EventTarget();

/** What the user chose in this browser, else what the system is set to. */
export function currentTheme(): Theme {
  const kept = localStorage.getItem(key);
  if (kept === "light" || kept === "dark") return kept;
  return system.matches ? "dark" : "light";
}

export function applyTheme(): void {
  document.documentElement.dataset.theme = currentTheme();
  changed.dispatchEvent(new Event("change"));
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(key, theme);
  applyTheme();
}

system.addEventListener("change", applyTheme);

/** The theme, drawn again where it changes: a canvas takes no colours from a style sheet. */
export function useTheme(): Theme {
  const [theme, setTheme] = useState(currentTheme);
  useEffect(() => {
    const update = () => setTheme(currentTheme());
    changed.addEventListener("change", update);
    return () => changed.removeEventListener("change", update);
  }, []);
  return theme;
}
