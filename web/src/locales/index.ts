import { en, type Messages } from "./en";

/** The texts in the language of the reader. */
export const t: Messages = en;
