import { Search } from "lucide-react";
import { useEffect, useState } from "react";

import { Input } from "../ui/Field";

interface FilterProps {
  label: string;
  /** What is filtered by now. */
  value: string;
  onChange: (value: string) => void;
}

const pause = 150; // between a letter and the question to the server

/** The filter of a list: asks the server as one types. The key / leads here. */
export function FilterInput({ label, value, onChange }: FilterProps) {
  const [text, setText] = useState(value);
  const [asked, setAsked] = useState(value);
  if (value !== asked) {
    // Cleared or changed from elsewhere.
    setAsked(value);
    setText(value);
  }
  useEffect(() => {
    if (text === asked) return;
    const timer = setTimeout(() => {
      setAsked(text);
      onChange(text);
    }, pause);
    return () => clearTimeout(timer);
  }, [text, asked, onChange]);
  return (
    <Input
      bare
      data-filter=""
      type="search"
      label={label}
      placeholder={label}
      value={text}
      onChange={(event) => setText(event.target.value)}
      icon={<Search className="icon" aria-hidden="true" />}
      end={text === "" && <kbd className="max-md:hidden">/</kbd>}
      autoComplete="off"
      spellCheck={false}
    />
  );
}
