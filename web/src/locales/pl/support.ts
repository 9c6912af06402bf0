import type { support as en } from "../en/support";

export const support = {
  title: "Pomoc techniczna",
  lead: "Plik dla osoby, która Ci pomaga: wersja, stan, ustalenia diagnostyki i koniec dziennika. Nie zawiera sekretów, a nazwy, adresy i ścieżki mają w nim inne nazwy. Nic nie jest nigdzie wysyłane: to Ty wybierasz, komu go dać.",
  download: "Pobierz pakiet diagnostyczny",
  done: (name: string) => `Pobrano ${name}`,
  failed: "Nie udało się przygotować pakietu diagnostycznego",
} satisfies typeof en;
