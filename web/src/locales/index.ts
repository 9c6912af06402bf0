import { spoken } from "./choice";
import { en, type Messages } from "./en";

/** The language of the reader. */
export const language = spoken();

// Modules keep texts in constants, so the language is here before any of them runs.
async function load(): Promise<Messages> {
  try {
    if (language === "pl") return (await import("./pl")).pl;
  } catch {
    // Better English than nothing: the network failed, or the server was updated meanwhile.
  }
  return en;
}

/** The texts in the language of the reader. */
export const t: Messages = await load();

document.documentElement.lang = language;
