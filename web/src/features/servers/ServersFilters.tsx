import { Link } from "@tanstack/react-router";
import { ChevronDown, Columns3, Plus } from "lucide-react";

import { api } from "../../api/client";
import { FilterInput } from "../../layout/FilterInput";
import { useDashboard } from "../../layout/Shell";
import { t } from "../../locales";
import { paths } from "../../paths";
import { looks, Mark } from "../../ui/mark";
import { Menu, MenuCheck, MenuChoice } from "../../ui/Menu";
import { Chip } from "../../ui/Segmented";

const chips = ["up", "warning", "critical", "down", "untrusted", "stale"] as const;
/** The orders a list can have. */
export const sorts = ["trouble", "name", "newest"] as const;

type Sort = (typeof sorts)[number];

function StateChips({ state, onChange }: { state: string; onChange: (state: string) => void }) {
  const counts = useDashboard().data?.servers;
  return chips.map((each) => {
    const count = counts?.[each];
    if (!count && state !== each && each !== "up") return null;
    return (
      <Chip key={each} count={count} pressed={state === each} onPress={(on) => onChange(on ? each : "")}>
        <Mark {...looks[each]} />
        {t.servers.looks[each]}
      </Chip>
    );
  });
}

function TagMenu({ tag, onChange }: { tag: string; onChange: (tag: string) => void }) {
  const tags = api.useQuery("get", "/api/v1/servers/tags").data?.items ?? [];
  if (tags.length === 0 && !tag) return null;
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" className="chip" aria-pressed={tag !== ""}>
          {t.manage.list.tag}: <b>{tag || t.manage.list.anyTag}</b>
          <ChevronDown className="icon" aria-hidden="true" />
        </button>
      }
    >
      <MenuChoice
        value={tag}
        onChange={onChange}
        options={[
          { value: "", label: t.manage.list.anyTag },
          ...tags.map((each) => ({
            value: each.tag,
            label: (
              <span className="row">
                <span className="flex-1">{each.tag}</span>
                <span className="text-faint">{each.count}</span>
              </span>
            ),
          })),
        ]}
      />
    </Menu>
  );
}

function SortMenu({ sort, onChange }: { sort: Sort; onChange: (sort: Sort) => void }) {
  return (
    <Menu
      trigger={
        <button type="button" className="chip">
          {t.manage.list.sort}: <b>{t.manage.list.sorts[sort]}</b>
          <ChevronDown className="icon" aria-hidden="true" />
        </button>
      }
    >
      <MenuChoice
        value={sort}
        onChange={onChange}
        options={sorts.map((value) => ({ value, label: t.manage.list.sorts[value] }))}
      />
    </Menu>
  );
}

const optional = ["address", "group", "tags", "cpu", "memory", "disk", "temperature", "updates"] as const;

function ColumnMenu({ hidden, onToggle }: { hidden: ReadonlySet<string>; onToggle: (key: string) => void }) {
  return (
    <Menu
      trigger={
        <button
          type="button"
          className="btn quiet only max-md:hidden"
          aria-label={t.manage.list.columns}
          title={t.manage.list.columns}
        >
          <Columns3 className="icon" aria-hidden="true" />
        </button>
      }
    >
      {optional.map((key) => (
        <MenuCheck key={key} checked={!hidden.has(key)} onChange={() => onToggle(key)}>
          {t.manage.list[key]}
        </MenuCheck>
      ))}
    </Menu>
  );
}

/** What the list is narrowed to, and its order. */
export interface Filter {
  q: string;
  tag: string;
  state: string;
  sort: Sort;
}

interface FiltersProps {
  filter: Filter;
  hidden: ReadonlySet<string>;
  onChange: (change: Record<string, string | undefined>) => void;
  onToggle: (column: string) => void;
}

/** The bar above the list. */
export function ServersFilters({ filter, hidden, onChange, onToggle }: FiltersProps) {
  return (
    <div className="filters">
      <FilterInput label={t.manage.list.filter} value={filter.q} onChange={(text) => onChange({ q: text })} />
      <Link className="chip md:hidden" to={paths.serverNew()} aria-label={t.manage.list.add}>
        <Plus className="icon" aria-hidden="true" />
      </Link>
      <StateChips state={filter.state} onChange={(next) => onChange({ state: next })} />
      <TagMenu tag={filter.tag} onChange={(next) => onChange({ tag: next })} />
      <span className="flex-1 max-md:hidden" />
      <SortMenu
        sort={filter.sort}
        onChange={(next) => onChange({ sort: next === "trouble" ? undefined : next })}
      />
      <ColumnMenu hidden={hidden} onToggle={onToggle} />
    </div>
  );
}
