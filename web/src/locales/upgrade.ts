// The words of upgrades, which only their page speaks: a chunk of its own.
import { upgrade } from "./en/upgrade";
import { inLanguage } from "./index";

/** The texts about upgrades in the language of the reader. */
export const u: typeof upgrade = await inLanguage(
  upgrade,
  async () => (await import("./pl/upgrade")).upgrade,
);
