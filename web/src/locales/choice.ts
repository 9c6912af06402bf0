/** The languages the product speaks, each in its own words. */
export const languages = [{ code: "en", name: "English" }] as const;

/** Chooses a language, "" for the browser's, and loads the page again to speak it. */
export function setLanguage(_code: string): void {
  location.reload();
}
