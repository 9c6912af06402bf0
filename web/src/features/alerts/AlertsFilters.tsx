import { FilterInput } from "../../layout/FilterInput";
import { t } from "../../locales";
import { looks, Mark } from "../../ui/mark";
import { Chip, Segmented } from "../../ui/Segmented";
import { type Kind, kinds } from "./order";

/** Open ones, those that ended, or both. */
export const views = ["open", "resolved", "all"] as const;

/** One of them. */
export type View = (typeof views)[number];

/** What the list is narrowed to. */
export interface Filter {
  view: View;
  kind: Kind | undefined;
  q: string;
  server: string;
}

interface FiltersProps {
  filter: Filter;
  /** How many are open, of every kind. */
  counts: Record<Kind, number> | undefined;
  onChange: (change: Record<string, string | undefined>) => void;
}

const viewLabel = (view: View, counts: FiltersProps["counts"]) => {
  const open = counts ? Object.values(counts).reduce((sum, n) => sum + n, 0) : 0;
  return view === "open" && open > 0 ? `${t.alerts.views.open} ${open}` : t.alerts.views[view];
};

/** The bar above the list. */
export function AlertsFilters({ filter, counts, onChange }: FiltersProps) {
  const offered = kinds.filter(
    (kind) => kind === filter.kind || (counts ? counts[kind] > 0 : kind !== "stale"),
  );
  return (
    <div className="filters">
      <Segmented
        label={t.alerts.view}
        value={filter.view}
        onChange={(next) => onChange({ state: next === "open" ? undefined : next })}
        options={views.map((value) => ({ value, label: viewLabel(value, counts) }))}
      />
      {offered.map((kind) => (
        <Chip
          key={kind}
          count={counts?.[kind]}
          pressed={filter.kind === kind}
          onPress={(on) => onChange({ severity: on ? kind : undefined })}
        >
          <Mark {...looks[kind]} />
          {kind === "stale" ? t.alerts.stale : t.alerts.severities[kind]}
        </Chip>
      ))}
      <span className="flex-1 max-md:hidden" />
      <FilterInput label={t.alerts.filter} value={filter.q} onChange={(text) => onChange({ q: text })} />
    </div>
  );
}
