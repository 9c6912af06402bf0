import "./changes.css";
import { t } from "../../locales";
import { label, type Detail, mask } from "./diff";

function Value({ of: value }: { of: unknown }) {
  if (value === mask) return <span title={t.audit.secret}>••••••</span>;
  if (value == null) return <span className="text-faint">{t.audit.nothing}</span>;
  if (value === "" || (Array.isArray(value) && value.length === 0))
    return <span className="text-faint">{t.audit.blank}</span>;
  if (typeof value === "boolean") return value ? t.audit.yes : t.audit.no;
  if (Array.isArray(value)) return value.map(String).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What a change did, field by field. */
export function Changes({ detail: { kind, lines } }: { detail: Detail }) {
  if (lines.length === 0) return kind === "facts" ? null : <p className="text-muted">{t.audit.unchanged}</p>;
  const pair = kind === "changes";
  return (
    <table className="tbl changes" aria-label={t.audit.kinds[kind]}>
      <thead>
        <tr>
          <th scope="col">{t.audit.field}</th>
          {pair && <th scope="col">{t.audit.before}</th>}
          <th scope="col">{pair ? t.audit.after : t.audit.kinds[kind]}</th>
        </tr>
      </thead>
      <tbody>
        {lines.map(({ field, before, after }) => (
          <tr key={field}>
            <td>{label(field)}</td>
            {pair && (
              <td className="text-muted">
                <Value of={before} />
              </td>
            )}
            <td>
              <Value of={after} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
