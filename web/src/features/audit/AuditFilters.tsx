import { useMay } from "../../api/may";
import { FilterInput } from "../../layout/FilterInput";
import { audit as auditWords } from "../../locales/audit";
import { Mark } from "../../ui/mark";
import { Chip, Segmented } from "../../ui/Segmented";
import { looksOf } from "./columns";
import { type Filter, ranges, results } from "./filter";

interface FiltersProps {
  filter: Filter;
  /** The name of the one person whose rows are shown. */
  name: string;
  onChange: (change: Record<string, string | undefined>) => void;
}

/** The bar above the list. */
export function AuditFilters({ filter, name, onChange }: FiltersProps) {
  const admin = useMay("system.write");
  return (
    <div className="mb-3 flex flex-wrap items-center gap-2">
      <div className="w-52 max-md:w-full">
        <FilterInput label={auditWords.filter} value={filter.q} onChange={(text) => onChange({ q: text })} />
      </div>
      <Segmented
        label={auditWords.range}
        value={filter.range}
        onChange={(next) => onChange({ range: next === "all" ? undefined : next })}
        options={ranges.map((value) => ({ value, ...auditWords.ranges[value] }))}
      />
      {admin && (
        <Segmented
          label={auditWords.scope}
          value={filter.scope}
          onChange={(next) =>
            onChange({ scope: next === "here" ? undefined : next, actor: undefined, thing: undefined })
          }
          options={(["here", "system"] as const).map((value) => ({ value, label: auditWords.scopes[value] }))}
        />
      )}
      {results.map((result) => (
        <Chip
          key={result}
          pressed={filter.result === result}
          onPress={(on) => onChange({ result: on ? result : undefined })}
        >
          <Mark {...looksOf[result]} />
          {auditWords.results[result]}
        </Chip>
      ))}
      {filter.actor && (
        <Chip pressed onPress={() => onChange({ actor: undefined })}>
          {auditWords.only(name)}
        </Chip>
      )}
      {filter.thing && (
        <Chip pressed onPress={() => onChange({ thing: undefined })}>
          {auditWords.oneThing}
        </Chip>
      )}
    </div>
  );
}
