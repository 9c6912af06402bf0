// The words of upgrades, which only their page speaks: a chunk of its own.
import { upgrade } from "./en/upgrade";
import { language } from "./index";

async function load(): Promise<typeof upgrade> {
  try {
    if (language === "pl") return (await import("./pl/upgrade")).upgrade;
  } catch {
    // Better English than nothing: the network failed, or the server was updated meanwhile.
  }
  return upgrade;
}

/** The texts about upgrades in the language of the reader. */
export const u: typeof upgrade = await load();
