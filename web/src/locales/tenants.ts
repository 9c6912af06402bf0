// The words of tenants and of what they use: only administrators read them, so they are a chunk of their own.
import * as en from "./en/tenants";
import { inLanguage } from "./index";

interface Words {
  tenants: typeof en.tenants;
  usage: typeof en.usage;
}

/** The texts about tenants, and about what they use, in the language of the reader. */
export const { tenants, usage }: Words = await inLanguage<Words>(en, () => import("./pl/tenants"));
