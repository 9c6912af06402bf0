// The words of certificates are many, and only their pages speak them: a chunk of its own.
import { tls } from "./en/tls";
import { inLanguage } from "./index";

/** The texts about certificates in the language of the reader. */
export const c: typeof tls = await inLanguage(tls, async () => (await import("./pl/tls")).tls);
