import type { parts as en } from "../en/parts";

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
} satisfies typeof en;
