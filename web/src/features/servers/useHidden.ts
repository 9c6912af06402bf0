import { useState } from "react";

const key = "columns.servers";

const stored = (): ReadonlySet<string> => {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return new Set(Array.isArray(list) ? list.map(String) : []);
  } catch {
    return new Set(); // what is stored is not ours
  }
};

/** The columns that the reader has hidden, remembered by this browser. */
export function useHidden(): [ReadonlySet<string>, (key: string) => void] {
  const [hidden, setHidden] = useState(stored);
  const toggle = (column: string) => {
    const next = new Set(hidden);
    if (!next.delete(column)) next.add(column);
    setHidden(next);
    localStorage.setItem(key, JSON.stringify([...next]));
  };
  return [hidden, toggle];
}
