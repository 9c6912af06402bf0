import { Ellipsis } from "lucide-react";

import type { Provider } from "../../api/types";
import { p } from "../../locales/providers";
import { IconButton } from "../../ui/Button";
import { Status } from "../../ui/mark";
import { Menu, MenuItem, MenuLine } from "../../ui/Menu";
import type { Column } from "../../ui/Table";
import { Time } from "../../ui/Time";

const words = p;

interface Doing {
  onEdit: (provider: Provider) => void;
  onTry: (provider: Provider) => void;
  onTurn: (provider: Provider) => void;
  onRemove: (provider: Provider) => void;
}

function Actions({ provider, doing }: { provider: Provider; doing: Doing }) {
  return (
    <Menu
      trigger={
        <IconButton size="small" label={words.more(provider.name)}>
          <Ellipsis className="icon" />
        </IconButton>
      }
    >
      <MenuItem onSelect={() => doing.onEdit(provider)}>{words.edit}</MenuItem>
      <MenuItem onSelect={() => doing.onTry(provider)}>{words.tryOut}</MenuItem>
      <MenuItem onSelect={() => doing.onTurn(provider)}>
        {provider.enabled ? words.turnOff : words.turnOn}
      </MenuItem>
      <MenuLine />
      <MenuItem danger onSelect={() => doing.onRemove(provider)}>
        {words.remove}
      </MenuItem>
    </Menu>
  );
}

/** The columns of the providers. */
export const columns = (doing: Doing): Column<Provider>[] => [
  {
    key: "state",
    head: words.state,
    phone: "state",
    cell: ({ enabled }) => (
      <Status look={enabled ? "ok" : "cancelled"}>{enabled ? words.on : words.off}</Status>
    ),
  },
  {
    key: "name",
    head: words.name,
    phone: "name",
    cell: (provider) => (
      <button
        type="button"
        className="hover:underline"
        title={provider.name}
        onClick={() => doing.onEdit(provider)}
      >
        {provider.name}
      </button>
    ),
  },
  {
    key: "issuer",
    head: words.issuer,
    phone: "sub",
    cell: ({ issuer }) => (
      <span className="mono block max-w-80 clip text-muted" title={issuer}>
        {issuer}
      </span>
    ),
  },
  {
    key: "rules",
    head: words.mappings,
    from: "lg",
    cell: ({ mappings }) => <span className="text-muted">{words.rules(mappings.length)}</span>,
  },
  {
    key: "created",
    head: words.created,
    num: true,
    from: "lg",
    cell: (provider) => <Time at={provider.created_at} ago className="text-muted" />,
  },
  {
    key: "acts",
    head: <span className="sr-only">{words.actions}</span>,
    num: true,
    phone: "end",
    cell: (provider) => <Actions provider={provider} doing={doing} />,
  },
];
