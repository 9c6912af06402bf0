// Both the first page and a language that is loaded later need this, so it is a file of its own
// in the build, too (vite.config.ts): the first page waits for the language, and must not be
// what the language waits for.

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** How a language counts things: the figure, and the form of the noun that goes with it. */
export function counter(language: string): (n: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(language);
  const figures = new Intl.NumberFormat(language);
  return (n, forms) => `${figures.format(n)}\u00a0${forms[rules.select(n)] ?? forms.other}`;
}

const count = counter("en");

/** "1 server", "40 servers". */
export const plural = (n: number, one: string, other: string): string => count(n, { one, other });
