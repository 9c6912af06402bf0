// The words of a terminal, of logs, of an editor and of a graph: only the pages of clusters
// speak them, so they are a chunk of their own.
import { parts } from "./en/parts";
import { inLanguage } from "./index";

/** The texts of the heavy parts in the language of the reader. */
export const p: typeof parts = await inLanguage(parts, async () => (await import("./pl/parts")).parts);
