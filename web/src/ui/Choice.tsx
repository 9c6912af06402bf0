import type { ReactNode } from "react";

import { Segmented } from "./Segmented";

interface ChoiceProps<V extends string> {
  label: string;
  value: V;
  options: readonly { value: V; label: ReactNode }[];
  onChange: (value: V) => void;
}

/** A field of a form with two to five answers, all of them in sight. */
export function Choice<V extends string>({ label, value, options, onChange }: ChoiceProps<V>) {
  return (
    <div className="field">
      <span className="label" aria-hidden="true">
        {label}
      </span>
      <Segmented full size="normal" label={label} value={value} options={options} onChange={onChange} />
    </div>
  );
}
