import type { Messages } from "../en";
import { plural } from "./plural";

export const ui = {
  today: "Dzisiaj",
  yesterday: "Wczoraj",
  show: "Pokaż hasło",
  hide: "Ukryj hasło",
  close: "Zamknij",
  cancel: "Anuluj",
  copied: "Skopiowano",
  copyCode: "Kopiuj kod i identyfikator żądania",
  days: (n) => plural(n, "dzień", "dni", "dni"),
  years: (n) => plural(n, "rok", "lata", "lat"),
  now: "teraz",
  never: "nigdy",
  ago: (time) => `${time} temu`,
  noData: "brak danych",
  at: (time) => `o ${time}`,
  loading: "Wczytywanie",
  keep: "Zostaw",
  typeToConfirm: (name) => ["Wpisz ", name, ", aby potwierdzić"],
  selectAll: "Zaznacz wszystko",
  select: (name) => `Zaznacz ${name}`,
  selected: (n) => `Zaznaczono: ${n}`,
  notifications: "Powiadomienia",
  retry: "Spróbuj ponownie",
} satisfies Messages["ui"];
