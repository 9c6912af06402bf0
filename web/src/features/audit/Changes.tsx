import "./changes.css";
import { audit as auditWords } from "../../locales/audit";
import { label, type Detail, mask } from "./diff";

function Value({ of: value }: { of: unknown }) {
  if (value === mask) return <span title={auditWords.secret}>••••••</span>;
  if (value == null) return <span className="text-faint">{auditWords.nothing}</span>;
  if (value === "" || (Array.isArray(value) && value.length === 0))
    return <span className="text-faint">{auditWords.blank}</span>;
  if (typeof value === "boolean") return value ? auditWords.yes : auditWords.no;
  if (Array.isArray(value)) return value.map(String).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What a change did, field by field. */
export function Changes({ detail: { kind, lines } }: { detail: Detail }) {
  if (lines.length === 0)
    return kind === "facts" ? null : <p className="text-muted">{auditWords.unchanged}</p>;
  const pair = kind === "changes";
  return (
    <table className="tbl changes" aria-label={auditWords.kinds[kind]}>
      <thead>
        <tr>
          <th scope="col">{auditWords.field}</th>
          {pair && <th scope="col">{auditWords.before}</th>}
          <th scope="col">{pair ? auditWords.after : auditWords.kinds[kind]}</th>
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
