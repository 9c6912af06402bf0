import { Tag } from "lucide-react";
import { useState } from "react";

import { o } from "../../locales/objects";
import { Input } from "../../ui/Field";
import { Popover, PopoverClose } from "../../ui/Popover";
import { type Filter, toggled } from "./filter";
import { useLabels } from "./queries";

interface LabelPickerProps {
  filter: Filter;
  onChange: (labels: string) => void;
}

function Labels({ filter, onChange }: LabelPickerProps) {
  const [text, setText] = useState("");
  const all = useLabels(filter);
  const shown = all.filter((part) => part.includes(text.trim()));
  return (
    <div className="places">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim()) onChange(toggled(filter.labels, text.trim()));
          setText("");
        }}
      >
        <Input
          bare
          mono
          label={o.list.selector}
          placeholder="app=web, tier!=cache"
          help={o.list.selectorHelp}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </form>
      <ul className="object-picks">
        {shown.slice(0, 50).map((part) => (
          <li key={part}>
            <PopoverClose>
              <button type="button" onClick={() => onChange(toggled(filter.labels, part))}>
                <span className="mono clip text-sm" title={part}>
                  {part}
                </span>
              </button>
            </PopoverClose>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Narrows the list to what has a label: one of those there are, or any selector. */
export const LabelPicker = (props: LabelPickerProps) => (
  <Popover
    label={o.columns.labels}
    trigger={
      <button type="button" className="chip">
        <Tag className="icon" aria-hidden="true" />
        {o.list.label}
      </button>
    }
  >
    <Labels {...props} />
  </Popover>
);
