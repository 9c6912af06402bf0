// The words of clusters are many, and only their pages speak them: a chunk of its own.
import { clusters } from "./en/clusters";
import { inLanguage } from "./index";

/** The texts about clusters in the language of the reader. */
export const k: typeof clusters = await inLanguage(
  clusters,
  async () => (await import("./pl/clusters")).clusters,
);
