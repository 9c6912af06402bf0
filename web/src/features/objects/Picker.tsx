import "../../ui/places.css";
import "./objects.css";

import { Check, ChevronDown, Search } from "lucide-react";
import { type ReactNode, useState } from "react";

import { o } from "../../locales/objects";
import { Input } from "../../ui/Field";
import { Popover } from "../../ui/Popover";

interface ButtonProps {
  /** What is chosen of: "Namespace". */
  label: string;
  /** What is chosen: "shop", "3 of 7". */
  value: string;
  on?: boolean;
  children: ReactNode;
}

/** A chip that says what is chosen, with a place behind it to choose. */
export function PickerChip({ label, value, on = false, children }: ButtonProps) {
  return (
    <Popover
      label={label}
      trigger={
        <button type="button" className="chip" aria-pressed={on}>
          {label}: <b className="clip max-w-40">{value}</b>
          <ChevronDown className="icon" aria-hidden="true" />
        </button>
      }
    >
      {children}
    </Popover>
  );
}

interface FindProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** Enter. */
  onEnter?: () => void;
}

/** The line in which one types what one looks for. */
export const Find = ({ label, value, onChange, onEnter }: FindProps) => (
  <Input
    bare
    label={label}
    placeholder={label}
    value={value}
    onChange={(event) => onChange(event.target.value)}
    onKeyDown={(event) => event.key === "Enter" && onEnter?.()}
    icon={<Search className="icon" aria-hidden="true" />}
    autoComplete="off"
    spellCheck={false}
  />
);

interface ManyProps {
  label: string;
  all: string;
  options: readonly { value: string; label: string; about?: string }[];
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
}

const few = 8; // as many are seen at a glance

/** Chooses some of many, or all: none is chosen. */
export function ManyPicker({ label, all, options, chosen, onChange }: ManyProps) {
  const [text, setText] = useState("");
  const low = text.trim().toLowerCase();
  const shown = options.filter((option) => option.label.toLowerCase().includes(low));
  const names = options.filter(({ value }) => chosen.includes(value)).map((option) => option.label);
  const gone = chosen.filter((value) => !options.some((option) => option.value === value));
  const value = [...names, ...gone];
  const press = (one: string) =>
    onChange(chosen.includes(one) ? chosen.filter((each) => each !== one) : [...chosen, one]);
  const only = shown[0];
  return (
    <PickerChip
      label={label}
      on={chosen.length > 0}
      value={value.length === 0 ? all : value.length > 2 ? o.list.some(value.length) : value.join(", ")}
    >
      <div className="places">
        {options.length > few && (
          <Find
            label={o.list.find}
            value={text}
            onChange={setText}
            onEnter={() => only && low && onChange([only.value])}
          />
        )}
        <ul className="object-picks">
          <li>
            <button type="button" aria-pressed={chosen.length === 0} onClick={() => onChange([])}>
              <span className="flex-1">{all}</span>
              {chosen.length === 0 && <Check className="icon" aria-hidden="true" />}
            </button>
          </li>
          {shown.map((option) => {
            const on = chosen.includes(option.value);
            return (
              <li key={option.value}>
                <button type="button" aria-pressed={on} onClick={() => press(option.value)}>
                  <span className="clip flex-1" title={option.label}>
                    {option.label}
                  </span>
                  {option.about && <span className="text-sm text-faint">{option.about}</span>}
                  {on && <Check className="icon" aria-hidden="true" />}
                </button>
              </li>
            );
          })}
        </ul>
        {shown.length === 0 && <p className="label">{o.list.nothing}</p>}
      </div>
    </PickerChip>
  );
}
