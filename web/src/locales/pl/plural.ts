import { counter } from "../plural";

const count = counter("pl");

/** "1 serwer", "3 serwery", "5 serwerów". */
export const plural = (n: number, one: string, few: string, many: string): string =>
  count(n, { one, few, many, other: many });
