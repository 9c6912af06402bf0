// Only the page of sign-in providers speaks of them so much: a chunk of its own.
import { providers } from "./en/providers";
import { inLanguage } from "./index";

/** The texts about sign-in providers in the language of the reader. */
export const p: typeof providers = await inLanguage(
  providers,
  async () => (await import("./pl/providers")).providers,
);
