const rules = new Intl.PluralRules("en");

/** "1 server", "40 servers". */
export function plural(n: number, one: string, other: string): string {
  return `${n.toLocaleString("en")}\u00a0${rules.select(n) === "one" ? one : other}`;
}
