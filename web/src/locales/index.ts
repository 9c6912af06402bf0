import { spoken } from "./choice";
import { en, type Messages } from "./en";

/** The language of the reader. */
export const language = spoken();

/** Texts in the language of the reader. Modules keep them in constants, so they are awaited before any of those runs. */
export async function inLanguage<Texts>(
  english: Texts,
  polish: () => Promise<NoInfer<Texts>>,
): Promise<Texts> {
  try {
    if (language === "pl") return await polish();
  } catch {
    // Better English than nothing: the network failed, or the server was updated meanwhile.
  }
  return english;
}

/** The texts in the language of the reader. */
export const t: Messages = await inLanguage(en, async () => (await import("./pl")).pl);

document.documentElement.lang = language;
