import { useSyncExternalStore } from "react";

/** What a person may choose; "system" follows the scheme of the device. */
export type Theme = "system" | "light" | "dark";

const key = "theme"; // public/theme.js reads it before the first paint
const dark = () => matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

/** The chosen theme. */
function theme(): Theme {
  const set = document.documentElement.dataset["theme"];
  return set === "light" || set === "dark" ? set : "system";
}

/** Chooses a theme, for this and every later visit. */
export function setTheme(next: Theme): void {
  const root = document.documentElement;
  if (next === "system") {
    delete root.dataset["theme"];
    localStorage.removeItem(key);
  } else {
    root.dataset["theme"] = next;
    localStorage.setItem(key, next);
  }
  for (const tell of listeners) tell();
}

function subscribe(tell: () => void): () => void {
  listeners.add(tell);
  dark().addEventListener("change", tell);
  return () => {
    listeners.delete(tell);
    dark().removeEventListener("change", tell);
  };
}

/** The chosen theme, again at every change. */
export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, theme);
}

/** The scheme in force, again at every change: what a canvas must be drawn for. */
export function useScheme(): "light" | "dark" {
  return useSyncExternalStore(subscribe, () => {
    const chosen = theme();
    return chosen === "system" ? (dark().matches ? "dark" : "light") : chosen;
  });
}
