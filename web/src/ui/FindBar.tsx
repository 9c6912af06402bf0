import { ChevronDown, ChevronUp, X } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useState } from "react";

import { t } from "../locales";
import { p } from "../locales/parts";
import { IconButton } from "./Button";
import { Input } from "./Field";

interface FindBarProps {
  /** How many there are, and which of them one stands at, from 1; 0: none. */
  count: number;
  at: number;
  onQuery: (query: string) => void;
  onNext: (query: string) => void;
  onPrevious: (query: string) => void;
  /** Without it the line stays. */
  onClose?: (() => void) | undefined;
  children?: ReactNode;
}

/** Finds in a long text: Enter goes on, Shift-Enter back, Escape closes. */
export function FindBar({ count, at, onQuery, onNext, onPrevious, onClose, children }: FindBarProps) {
  const [query, setQuery] = useState("");
  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "Enter") (event.shiftKey ? onPrevious : onNext)(query);
    else if (event.key === "Escape" && onClose) onClose();
    else return;
    event.preventDefault();
  }
  return (
    <search className="findbar">
      <Input
        bare
        className="flex-1"
        label={p.find.label}
        placeholder={p.find.label}
        autoFocus={onClose !== undefined}
        autoComplete="off"
        spellCheck={false}
        value={query}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setQuery(event.target.value);
          onQuery(event.target.value);
        }}
        end={
          <span className="text-sm text-faint" aria-live="polite">
            {query && p.find.count(at, count)}
          </span>
        }
      />
      <IconButton size="small" label={p.find.previous} disabled={!count} onClick={() => onPrevious(query)}>
        <ChevronUp className="icon" aria-hidden="true" />
      </IconButton>
      <IconButton size="small" label={p.find.next} disabled={!count} onClick={() => onNext(query)}>
        <ChevronDown className="icon" aria-hidden="true" />
      </IconButton>
      {onClose && (
        <IconButton size="small" label={t.ui.close} onClick={onClose}>
          <X className="icon" aria-hidden="true" />
        </IconButton>
      )}
      {children}
    </search>
  );
}
