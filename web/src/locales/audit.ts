// The words of the audit: a chunk of its own, since only its page speaks them.
import { audit as en } from "./en/audit";
import { inLanguage } from "./index";

/** The texts about the audit in the language of the reader. */
export const audit: typeof en = await inLanguage(en, async () => (await import("./pl/audit")).audit);
