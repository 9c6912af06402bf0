import { Ellipsis } from "lucide-react";

import type { Member } from "../../api/types";
import { Factor } from "../../layout/Factor";
import { above, type Role, roles } from "../../layout/roles";
import { t } from "../../locales";
import { IconButton } from "../../ui/Button";
import { looks, Status } from "../../ui/mark";
import { Menu, MenuItem, MenuLine } from "../../ui/Menu";
import type { Column } from "../../ui/Table";
import { Time } from "../../ui/Time";

const words = t.members;

/** Single permissions as people read them. */
export const grantsText = (grants: readonly string[]): string =>
  grants.map((each) => t.roles.grant[each] ?? each).join(", ");

/** What may be done about a member, and by whom. */
export interface Doing {
  /** The person who looks. */
  me: string;
  own: Role;
  may: boolean;
  onEdit: (member: Member) => void;
  onRemove: (member: Member) => void;
}

function whyNot(member: Member, { me, own, may }: Doing): string | undefined {
  if (!may) return words.may;
  if (member.user_id === me) return words.own;
  return above(member.role, own) ? words.above : undefined;
}

function Actions({ member, doing }: { member: Member; doing: Doing }) {
  const reason = whyNot(member, doing);
  const icon = <Ellipsis className="icon" />;
  if (reason)
    return (
      <IconButton size="small" label={reason} disabled>
        {icon}
      </IconButton>
    );
  return (
    <Menu
      trigger={
        <IconButton size="small" label={words.more(member.username)}>
          {icon}
        </IconButton>
      }
    >
      <MenuItem onSelect={() => doing.onEdit(member)}>{words.edit}</MenuItem>
      <MenuLine />
      <MenuItem danger onSelect={() => doing.onRemove(member)}>
        {words.remove}
      </MenuItem>
    </Menu>
  );
}

function Name({ member: { username, user_id }, me }: { member: Member; me: string }) {
  return (
    <span className="row">
      <span className="clip font-medium" title={username}>
        {username}
      </span>
      {user_id === me && <span className="tag">{words.you}</span>}
    </span>
  );
}

/** The columns of the members. */
export const columns = (doing: Doing): Column<Member>[] => [
  {
    key: "state",
    head: words.state,
    phone: "state",
    cell: (member) => (
      <Status look={member.is_active ? looks.ok : looks.cancelled}>
        {member.is_active ? words.active : words.disabled}
      </Status>
    ),
  },
  {
    key: "name",
    head: words.name,
    phone: "name",
    sort: (member) => member.username.toLowerCase(),
    cell: (member) => <Name member={member} me={doing.me} />,
  },
  {
    key: "role",
    head: words.role,
    phone: "sub",
    sort: (member) => roles.indexOf(member.role),
    cell: (member) => t.roles.names[member.role],
  },
  {
    key: "grants",
    head: words.grants,
    from: "lg",
    cell: ({ grants }) => (
      <span className="block max-w-60 clip text-muted" title={grantsText(grants)}>
        {grantsText(grants)}
      </span>
    ),
  },
  { key: "factor", head: words.factor, cell: (member) => <Factor has={member.second_factor} /> },
  {
    key: "seen",
    head: words.seen,
    num: true,
    sort: (member) => member.seen_at && -Date.parse(member.seen_at),
    cell: (member) => <Time at={member.seen_at} ago={member.seen_at !== null} className="text-muted" />,
  },
  {
    key: "acts",
    head: <span className="sr-only">{words.actions}</span>,
    num: true,
    phone: "end",
    cell: (member) => <Actions member={member} doing={doing} />,
  },
];
