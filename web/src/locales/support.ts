// Only the settings speak of support: a chunk of its own.
import { support } from "./en/support";
import { inLanguage } from "./index";

/** The texts about support in the language of the reader. */
export const s: typeof support = await inLanguage(
  support,
  async () => (await import("./pl/support")).support,
);
