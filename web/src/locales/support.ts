// Only the settings speak of support: a chunk of its own.
import { support } from "./en/support";
import { language } from "./index";

async function load(): Promise<typeof support> {
  try {
    if (language === "pl") return (await import("./pl/support")).support;
  } catch {
    // Better English than nothing: the network failed, or the server was updated meanwhile.
  }
  return support;
}

/** The texts about support in the language of the reader. */
export const s: typeof support = await load();
