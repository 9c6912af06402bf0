import type { parts as en } from "../en/parts";
import { plural } from "./plural";

export const parts = {
  table: {
    columns: "Kolumny",
    keys: "Strzałki przesuwają, spacja zaznacza, Enter otwiera",
  },
  find: {
    label: "Znajdź",
    next: "Następne",
    previous: "Poprzednie",
    count: (at, count) => (count === 0 ? "brak" : at ? `${at} z ${count}` : String(count)),
  },
  terminal: {
    connecting: "Łączenie",
    connected: "Połączono",
    ended: "Zakończono",
    endedWith: (code) => `Zakończono z kodem ${code}`,
    lost: "Utracono połączenie",
    reconnect: "Połącz ponownie",
    leave: "Esc, a potem Tab opuszcza terminal",
    find: "Znajdź, Ctrl-Shift-F",
    copy: "Kopiuj zaznaczenie, Ctrl-Shift-C",
    paste: "Wklej, Ctrl-Shift-V",
    reader: "Dla czytników ekranu",
  },
  log: {
    lines: (n) => plural(n, "wiersz", "wiersze", "wierszy"),
    gone: (n) => `Usunięto ${plural(n, "starszy wiersz", "starsze wiersze", "starszych wierszy")}`,
    follow: "Śledź",
    following: "Śledzenie",
    wrap: "Zawijaj długie wiersze",
    times: "Pokaż czas",
    names: "Pokaż nazwy",
    copy: "Kopiuj wszystkie wiersze",
    empty: "Nic jeszcze nie zapisano.",
    keys: "Strzałki przewijają, End śledzi",
  },
} satisfies typeof en;
