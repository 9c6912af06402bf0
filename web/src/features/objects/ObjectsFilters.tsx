import { X } from "lucide-react";
import { memo, type ReactNode } from "react";

import { FilterInput } from "../../layout/FilterInput";
import { o } from "../../locales/objects";
import { Mark } from "../../ui/mark";
import { Chip } from "../../ui/Segmented";
import { type Filter, labelParts, otherFields, statuses, statusOf, toggled, withStatus } from "./filter";
import { KindPicker } from "./KindPicker";
import { LabelPicker } from "./LabelPicker";
import { lookOf } from "./look";
import { ManyPicker } from "./Picker";
import { useCounts, useNamespaces } from "./queries";
import type { Cluster, KindState } from "./types";

/** A change of the address. */
export type Change = Record<string, string | undefined>;

interface FiltersProps {
  filter: Filter;
  clusters: readonly Cluster[];
  kinds: readonly KindState[];
  namespaced: boolean;
  onChange: (change: Change) => void;
  /** Right of all. */
  end?: ReactNode;
}

function StatusChips({ filter, onChange }: Pick<FiltersProps, "filter" | "onChange">) {
  const counts = useCounts(filter);
  const now = statusOf(filter.fields);
  return statuses.map((status) => {
    const count = counts.get(status) ?? 0;
    if (now !== status && (count === 0 || status === "none")) return null;
    return (
      <Chip
        key={status}
        count={count}
        pressed={now === status}
        onPress={(on) => onChange({ fields: withStatus(filter.fields, on ? status : undefined) })}
      >
        <Mark {...lookOf(status)} />
        {o.statuses[status]}
      </Chip>
    );
  });
}

function Conditions({ filter, onChange }: Pick<FiltersProps, "filter" | "onChange">) {
  const off = (key: "labels" | "fields", part: string) => (
    <button
      key={part}
      type="button"
      className="chip"
      aria-pressed="true"
      aria-label={o.list.without(part)}
      onClick={() => onChange({ [key]: toggled(filter[key], part) })}
    >
      {part}
      <X className="icon" aria-hidden="true" />
    </button>
  );
  return (
    <>
      {labelParts(filter.labels).map((part) => off("labels", part))}
      {otherFields(filter.fields).map((part) => off("fields", part))}
    </>
  );
}

/** What the list shows, above it. */
export const ObjectsFilters = memo(function ObjectsFilters(props: FiltersProps) {
  const { filter, clusters, kinds, namespaced, onChange, end } = props;
  const namespaces = useNamespaces(filter.clusters);
  return (
    <div className="filters">
      <KindPicker
        kinds={kinds}
        kind={filter.kind}
        onChange={(kind) => onChange({ kind, fields: undefined, sort: undefined })}
      />
      <FilterInput label={o.list.filter} value={filter.q} onChange={(q) => onChange({ q })} />
      {clusters.length > 1 && (
        <ManyPicker
          label={o.list.cluster}
          all={o.list.allClusters}
          options={clusters.map(({ id, name, facts }) => ({ value: id, label: name, about: facts.version }))}
          chosen={filter.clusters}
          onChange={(chosen) => onChange({ clusters: chosen.join() })}
        />
      )}
      {namespaced && (
        <ManyPicker
          label={o.list.namespace}
          all={o.list.allNamespaces}
          options={namespaces.map((name) => ({ value: name, label: name }))}
          chosen={filter.namespaces}
          onChange={(chosen) => onChange({ namespaces: chosen.join() })}
        />
      )}
      <StatusChips filter={filter} onChange={onChange} />
      <Conditions filter={filter} onChange={onChange} />
      <LabelPicker filter={filter} onChange={(labels) => onChange({ labels })} />
      <span className="flex-1 max-md:hidden" />
      {end}
    </div>
  );
});
