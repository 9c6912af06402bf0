import { useState } from "react";

import { type Group, groupOf, groups } from "../../layout/kinds";
import { o } from "../../locales/objects";
import { number } from "../../ui/format";
import { PopoverClose } from "../../ui/Popover";
import { found, plainName, recentKinds } from "./kinds";
import { Find, PickerChip } from "./Picker";
import type { KindState } from "./types";

interface KindPickerProps {
  kinds: readonly KindState[];
  kind: string;
  onChange: (kind: string) => void;
}

function Row({ kind, now, onChange }: { kind: KindState; now: string; onChange: (kind: string) => void }) {
  return (
    <li>
      <PopoverClose>
        <button
          type="button"
          aria-current={kind.name === now || undefined}
          onClick={() => onChange(kind.name)}
        >
          <span className="clip" title={kind.name}>
            {kind.kind}
          </span>
          <span className="clip flex-1 text-sm text-faint">
            {kind.custom ? kind.group : kind.short_names[0]}
          </span>
          <span className="text-sm text-faint">
            {kind.state === "forbidden"
              ? o.list.forbidden
              : kind.state === "on_demand"
                ? ""
                : number(kind.count)}
          </span>
        </button>
      </PopoverClose>
    </li>
  );
}

function grouped(kinds: readonly KindState[]): [Group | "recent", KindState[]][] {
  const recent = recentKinds().flatMap((name) => kinds.filter((kind) => kind.name === name));
  const all = groups.map((group): [Group, KindState[]] => [
    group,
    kinds.filter((kind) => groupOf(kind) === group),
  ]);
  return [["recent", recent] as [Group | "recent", KindState[]], ...all].filter(
    ([, list]) => list.length > 0,
  );
}

function Kinds({ kinds, kind, onChange }: KindPickerProps) {
  const [text, setText] = useState("");
  const best = found(kinds, text);
  return (
    <div className="places">
      <Find label={o.list.findKind} value={text} onChange={setText} />
      <div className="object-kinds">
        {text.trim() ? (
          <ul className="object-picks">
            {best.slice(0, 40).map((each) => (
              <Row key={each.name} kind={each} now={kind} onChange={onChange} />
            ))}
          </ul>
        ) : (
          grouped(kinds).map(([group, list]) => (
            <section key={group} aria-label={o.groups[group]}>
              <p className="label">{o.groups[group]}</p>
              <ul className="object-picks">
                {list.map((each) => (
                  <Row key={each.name} kind={each} now={kind} onChange={onChange} />
                ))}
              </ul>
            </section>
          ))
        )}
        {best.length === 0 && <p className="label">{o.list.noKind}</p>}
      </div>
    </div>
  );
}

/** Chooses the kind of the list: by typing, or by looking. */
export function KindPicker(props: KindPickerProps) {
  const now = props.kinds.find((each) => each.name === props.kind);
  return (
    <PickerChip label={o.list.kind} value={now?.kind ?? plainName(props.kind)}>
      <Kinds {...props} />
    </PickerChip>
  );
}
