import { Ellipsis } from "lucide-react";

import { c } from "../../locales/tls";
import { IconButton } from "../../ui/Button";
import { Status } from "../../ui/mark";
import { Menu, MenuItem, MenuLine } from "../../ui/Menu";
import type { Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { faces, isRenewable, stateOf } from "./names";
import type { Name } from "./types";
import { Until } from "./Until";

const words = c.names;

/** How the certificate of a name is, in a word. */
function State({ of }: { of: Name }) {
  const state = stateOf(of, Date.now());
  return <Status look={faces[state]}>{words.states[state]}</Status>;
}

/** What can be done with a name. */
export interface Doing {
  onOpen: (name: Name) => void;
  onRenew: (name: Name) => void;
  onTakeAway: (name: Name) => void;
  /** Whether it can be taken away here. */
  removable: (name: Name) => boolean;
}

function Actions({ of, doing }: { of: Name; doing: Doing }) {
  return (
    <Menu
      trigger={
        <IconButton size="small" label={words.more(of.name)}>
          <Ellipsis className="icon" />
        </IconButton>
      }
    >
      <MenuItem onSelect={() => doing.onOpen(of)}>{words.details}</MenuItem>
      {isRenewable(of) && <MenuItem onSelect={() => doing.onRenew(of)}>{words.renew}</MenuItem>}
      {doing.removable(of) && (
        <>
          <MenuLine />
          <MenuItem danger onSelect={() => doing.onTakeAway(of)}>
            {words.takeAway}
          </MenuItem>
        </>
      )}
    </Menu>
  );
}

/** How it went when the authority was asked last. */
export function Attempt({ of: { attempt } }: { of: Name }) {
  if (!attempt) return null;
  return (
    <>
      <Time at={attempt.at} ago />, {attempt.failures > 0 ? words.failed(attempt.failures) : words.went}
    </>
  );
}

/** Why there is no certificate, where that is as it should be. */
export function whyNone(of: Name): string | undefined {
  const state = stateOf(of, Date.now());
  if (state === "none") return words.onDemand;
  return state === "never" ? words.wildcard : undefined;
}

/** What there is to say of a certificate: why there is none, what stands in, how asking for it went. */
function Brief({ of }: { of: Name }) {
  if (stateOf(of, Date.now()) === "asking") return words.standsIn;
  const why = whyNone(of);
  return why ? <span title={why}>{why}</span> : <Attempt of={of} />;
}

// On a phone the second line says the worst there is to say.
function Second({ of }: { of: Name }) {
  const failed = (of.attempt?.failures ?? 0) > 0;
  if (failed || of.not_after === undefined || of.stands_in) return <Brief of={of} />;
  return (
    <>
      {words.ends} <Until at={of.not_after} />, {of.issuer}
    </>
  );
}

/** The columns of names. */
export const columns = (doing: Doing): Column<Name>[] => [
  { key: "state", head: words.state, phone: "state", cell: (of) => <State of={of} /> },
  {
    key: "name",
    head: words.name,
    phone: "name",
    cell: (of) => (
      <button type="button" className="hover:underline" title={of.name} onClick={() => doing.onOpen(of)}>
        {of.name}
      </button>
    ),
  },
  { key: "second", head: words.certificate, phone: "sub", onlyPhone: true, cell: (of) => <Second of={of} /> },
  { key: "by", head: words.by, from: "lg", cell: ({ by }) => words.bys[by] },
  {
    key: "issuer",
    head: words.issuer,
    from: "xl",
    cell: (of) => (
      <span className="tls-brief clip text-muted" title={of.issuer}>
        {of.issuer}
      </span>
    ),
  },
  {
    key: "certificate",
    head: words.certificate,
    from: "lg",
    cell: (of) => (
      <span className="tls-brief clip text-muted">
        <Brief of={of} />
      </span>
    ),
  },
  {
    key: "ends",
    head: words.ends,
    num: true,
    cell: ({ not_after: at }) => at && <Until at={at} className="text-muted" />,
  },
  {
    key: "acts",
    head: <span className="sr-only">{words.actions}</span>,
    num: true,
    phone: "end",
    cell: (of) => <Actions of={of} doing={doing} />,
  },
];
