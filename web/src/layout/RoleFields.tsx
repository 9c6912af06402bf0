import { useMe } from "../api/may";
import { t } from "../locales";
import { Checkbox, Radios } from "../ui/Field";
import { above, type Role, roles, useOwnRole } from "./roles";

const words = t.roles;

interface RoleFieldsProps {
  role: Role;
  grants: readonly string[];
  /** What can be given beyond a role. */
  grantable: readonly string[];
  onRole: (role: Role) => void;
  onGrants: (grants: string[]) => void;
}

/** A role, with what each may do, and single permissions beyond it. */
export function RoleFields({ role, grants, grantable, onRole, onGrants }: RoleFieldsProps) {
  const own = useOwnRole();
  const mine = useMe()?.permissions ?? [];
  const options = roles.map((value) => ({
    value,
    label: words.names[value],
    help: above(value, own) ? words.above : words.help[value],
    disabled: above(value, own),
  }));
  return (
    <>
      <Radios label={words.label} value={role} options={options} onChange={onRole} />
      <fieldset className="choices">
        <legend>{words.grants}</legend>
        {above(role, "member") ? (
          <p className="help">{words.all}</p>
        ) : (
          grantable.map((each) => (
            <Checkbox
              key={each}
              label={words.grant[each] ?? each}
              help={!mine.includes(each) && words.lacking}
              disabled={!mine.includes(each)}
              checked={grants.includes(each)}
              onChange={(event) =>
                onGrants(event.target.checked ? [...grants, each] : grants.filter((grant) => grant !== each))
              }
            />
          ))
        )}
      </fieldset>
    </>
  );
}

/** The permissions that a role does not have by itself. */
export const beyond = (role: Role, grants: readonly string[]): string[] =>
  above(role, "member") ? [] : [...grants];
