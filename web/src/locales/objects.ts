// The words of what is in clusters: only its pages speak them, so they are a chunk of their own.
import { objects } from "./en/objects";
import { inLanguage } from "./index";

/** The texts about objects of clusters in the language of the reader. */
export const o: typeof objects = await inLanguage(
  objects,
  async () => (await import("./pl/objects")).objects,
);
