// Only the page of the vault speaks of it: a chunk of its own.
import { vault } from "./en/vault";
import { inLanguage } from "./index";

/** The texts about the vault in the language of the reader. */
export const v: typeof vault = await inLanguage(vault, async () => (await import("./pl/vault")).vault);
