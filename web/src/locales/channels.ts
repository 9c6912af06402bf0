// The words of channels: a chunk of its own, since only their page and that of alerts speak them.
import { channels as en } from "./en/channels";
import { inLanguage } from "./index";

/** The texts about channels in the language of the reader. */
export const channels: typeof en = await inLanguage(en, async () => (await import("./pl/channels")).channels);
