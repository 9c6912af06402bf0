/** The languages the product speaks, each in its own words. */
export const languages = [
  { code: "en", name: "English" },
  { code: "pl", name: "Polski" },
] as const;

/** One of them. */
export type Language = (typeof languages)[number]["code"];

const key = "unity-language";

const known = (code: string): Language | undefined =>
  languages.find((each) => each.code === code.toLowerCase().split("-")[0])?.code;

/** The language somebody chose in this browser; empty: the one of the browser. */
export function chosenLanguage(): Language | "" {
  try {
    return known(localStorage.getItem(key) ?? "") ?? "";
  } catch {
    return ""; // storage may be forbidden
  }
}

/** The language to speak: the chosen one, or the first of the browser's that is known. */
export function spoken(): Language {
  const chosen = chosenLanguage();
  if (chosen) return chosen;
  for (const each of navigator.languages) {
    const code = known(each);
    if (code) return code;
  }
  return "en";
}

/** Chooses a language, "" for the browser's, and loads the page again to speak it. */
export function setLanguage(code: string): void {
  localStorage.setItem(key, known(code) ?? "");
  location.reload();
}

/** Speaks the language that a person has set for themselves; whether the page is loaded again for it. */
export function followLanguage(code: string | undefined): boolean {
  if (code === undefined || (known(code) ?? "") === chosenLanguage()) return false;
  localStorage.setItem(key, known(code) ?? "");
  if ((known(code) ?? "") !== chosenLanguage()) return false; // it was not kept
  location.reload();
  return true;
}
