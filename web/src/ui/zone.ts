let parts: Intl.DateTimeFormat | undefined; // of a chosen zone; undefined: the device's

/** Shows every time in a zone, by its name; empty: the one of the device. */
export function setZone(name: string): void {
  try {
    parts = name
      ? new Intl.DateTimeFormat("en", {
          timeZone: name,
          hourCycle: "h23",
          year: "numeric",
          month: "numeric",
          day: "numeric",
          hour: "numeric",
          minute: "numeric",
          second: "numeric",
        })
      : undefined;
  } catch {
    parts = undefined; // a name that this browser does not know
  }
}

/** The time that a clock on the wall shows at a moment: its UTC fields are to be read. */
export function wall(ms: number): Date {
  if (!parts || Number.isNaN(ms)) return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  const of: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of parts.formatToParts(ms)) of[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = of;
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
}

/** The moment at which a clock on the wall shows a time, as a field for times has it: 2026-11-24T17:37. */
export function instant(text: string): number {
  const shown = Date.parse(`${text}Z`);
  const back = (ms: number) => shown - (wall(ms).getTime() - ms);
  return back(back(shown)); // the first may be on the other side of a change of the clocks
}
