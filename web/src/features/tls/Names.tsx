import { Plus } from "lucide-react";
import { useMemo, useState } from "react";

import { c } from "../../locales/tls";
import { Button } from "../../ui/Button";
import { Section } from "../../ui/Facts";
import { Table } from "../../ui/Table";
import { columns, type Doing } from "./columns";
import { parted } from "./names";
import type { Name, Tls } from "./types";

const words = c.names;

// What does not fit beside a panel, and stands in it.
const beside = new Set(["by", "issuer", "certificate"]);

interface NamesProps {
  state: Tls;
  doing: Doing;
  /** The one beside the page. */
  active: string | undefined;
  onAdd: () => void;
}

/** Every name of the appliance with its certificate; the many addresses are folded away. */
export function Names({ state, doing, active, onAdd }: NamesProps) {
  const defs = useMemo(() => columns(doing), [doing]);
  const { named, addresses } = parted(state.names);
  const [unfolded, setUnfolded] = useState(() => addresses.some(({ name }) => name === active));
  const table = (label: string, rows: readonly Name[], dense: boolean) => (
    <Table
      label={label}
      columns={defs}
      rows={rows}
      id={({ name }) => name}
      hidden={active ? beside : undefined}
      active={active}
      dense={dense}
    />
  );
  return (
    <Section
      title={words.title}
      count={named.length}
      end={
        <Button size="small" icon={<Plus className="icon" aria-hidden="true" />} onClick={onAdd}>
          {words.add}
        </Button>
      }
    >
      {state.mode === "off" && <p className="mb-2 max-w-160 text-muted">{words.off}</p>}
      {table(words.title, named, false)}
      {addresses.length > 0 && (
        <details
          className="tls-fold"
          open={unfolded}
          onToggle={(event) => setUnfolded(event.currentTarget.open)}
        >
          <summary>{words.addresses(addresses.length)}</summary>
          <p className="mb-1 text-sm text-muted">{words.addressesBody}</p>
          {table(words.addressesBy, addresses, true)}
        </details>
      )}
    </Section>
  );
}
