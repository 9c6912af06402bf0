import clsx from "clsx";
import { type ReactNode, useId } from "react";

interface Option<V extends string> {
  value: V;
  label: ReactNode;
  /** Spoken, when the label is only an icon. */
  name?: string;
}

interface SegmentedProps<V extends string> {
  label: string;
  value: V;
  options: readonly Option<V>[];
  onChange: (value: V) => void;
  size?: "small" | "normal";
  full?: boolean;
}

/** Two to five views that exclude each other. Radio buttons underneath: arrows move, Tab leaves. */
export function Segmented<V extends string>({
  label,
  value,
  options,
  onChange,
  size = "small",
  full,
}: SegmentedProps<V>) {
  const name = useId();
  return (
    <div
      role="radiogroup"
      aria-label={label}
      className={clsx("seg", size === "small" && "small", full && "full")}
    >
      {options.map((option) => (
        <label key={option.value} title={option.name}>
          <input
            type="radio"
            name={name}
            value={option.value}
            aria-label={option.name}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          {option.label}
        </label>
      ))}
    </div>
  );
}

interface ChipProps {
  pressed: boolean;
  onPress: (pressed: boolean) => void;
  count?: number | undefined;
  children: ReactNode;
}

/** A filter that is on or off, with how many it would leave. */
export function Chip({ pressed, onPress, count, children }: ChipProps) {
  return (
    <button type="button" className="chip" aria-pressed={pressed} onClick={() => onPress(!pressed)}>
      {children}
      {count !== undefined && <b>{count}</b>}
    </button>
  );
}
