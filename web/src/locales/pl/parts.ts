import type { parts as en } from "../en/parts";

export const parts = {
  table: {
    columns: "Kolumny",
    keys: "Strzałki przesuwają, spacja zaznacza, Enter otwiera",
  },
} satisfies typeof en;
