// The words of backups are many, and only a few pages speak them: a chunk of its own.
import { backup } from "./en/backup";
import { inLanguage } from "./index";

/** The texts about backups in the language of the reader. */
export const b: typeof backup = await inLanguage(backup, async () => (await import("./pl/backup")).backup);
