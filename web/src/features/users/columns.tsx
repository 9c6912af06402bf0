import type { UserRow } from "../../api/types";
import { Factor } from "../../layout/Factor";
import { t } from "../../locales";
import { looks, Status } from "../../ui/mark";
import type { Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { UserMenu, type Wish } from "./UserMenu";

const words = t.users;

/** Whether they have a second factor. */
const hasFactor = ({ totp_enrolled, passkeys }: UserRow): boolean => totp_enrolled || passkeys > 0;

function factorText({ totp_enrolled, passkeys }: UserRow): string {
  const all = [totp_enrolled && words.app, passkeys > 0 && words.passkeys(passkeys)];
  return all.filter(Boolean).join(", ");
}

function Places({ user: { memberships } }: { user: UserRow }) {
  const all = memberships.map(({ tenant_id, role }) => `${tenant_id}: ${t.roles.names[role]}`).join(", ");
  return (
    <span className="block max-w-40 clip text-muted" title={all}>
      {memberships.map((each) => each.tenant_id).join(", ")}
    </span>
  );
}

interface Doing {
  many: boolean;
  /** The tenant one is in. */
  here: string;
  onEdit: (user: UserRow) => void;
  onWish: (wish: Wish) => void;
}

const where = ({ many, here }: Doing): Column<UserRow> =>
  many
    ? { key: "places", head: words.places, from: "xl", cell: (user) => <Places user={user} /> }
    : {
        key: "role",
        head: words.role,
        from: "xl",
        cell: ({ memberships }) => {
          const role = memberships.find((each) => each.tenant_id === here)?.role;
          return <span className="text-muted">{role ? t.roles.names[role] : words.noRole}</span>;
        },
      };

function who({ onEdit }: Doing): Column<UserRow>[] {
  return [
    {
      key: "state",
      head: words.state,
      phone: "state",
      cell: (user) => (
        <Status look={user.is_active ? looks.ok : looks.cancelled}>
          {user.is_active ? words.active : words.disabled}
        </Status>
      ),
    },
    {
      key: "name",
      head: words.name,
      phone: "name",
      cell: (user) => (
        <span className="row">
          <button
            type="button"
            className="hover:underline"
            title={user.username}
            onClick={() => onEdit(user)}
          >
            {user.username}
          </button>
          {user.is_admin && <span className="tag">{words.admin}</span>}
        </span>
      ),
    },
    {
      key: "email",
      head: words.email,
      phone: "sub",
      from: "lg",
      cell: ({ email }) => (
        <span className="block max-w-52 clip text-muted" title={email}>
          {email || words.noEmail}
        </span>
      ),
    },
  ];
}

/** The columns of the users. */
export const columns = (doing: Doing): Column<UserRow>[] => [
  ...who(doing),
  {
    key: "factor",
    head: words.factor,
    from: "lg",
    cell: (user) => <Factor has={hasFactor(user)} title={factorText(user)} />,
  },
  where(doing),
  {
    key: "created",
    head: words.created,
    num: true,
    from: "xl",
    cell: (user) => <Time at={user.created_at} ago className="text-muted" />,
  },
  {
    key: "seen",
    head: words.seen,
    num: true,
    cell: (user) => <Time at={user.seen_at} ago={user.seen_at !== null} className="text-muted" />,
  },
  {
    key: "acts",
    head: <span className="sr-only">{words.actions}</span>,
    num: true,
    phone: "end",
    cell: (user) => (
      <UserMenu user={user} factor={hasFactor(user)} onEdit={doing.onEdit} onWish={doing.onWish} />
    ),
  },
];
