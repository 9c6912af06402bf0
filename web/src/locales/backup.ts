// The words of backups are many, and only a few pages speak them: a chunk of its own.
import { backup } from "./en/backup";
import { language } from "./index";

async function load(): Promise<typeof backup> {
  try {
    if (language === "pl") return (await import("./pl/backup")).backup;
  } catch {
    // Better English than nothing: the network failed, or the server was updated meanwhile.
  }
  return backup;
}

/** The texts about backups in the language of the reader. */
export const b: typeof backup = await load();
