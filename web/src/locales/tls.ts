// The words of certificates are many, and only their pages speak them: a chunk of its own.
import { tls } from "./en/tls";
import { language } from "./index";

async function load(): Promise<typeof tls> {
  try {
    if (language === "pl") return (await import("./pl/tls")).tls;
  } catch {
    // Better English than nothing: the network failed, or the server was updated meanwhile.
  }
  return tls;
}

/** The texts about certificates in the language of the reader. */
export const c: typeof tls = await load();
