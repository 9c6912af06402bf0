import { t } from "../locales";
import { Copy } from "./Copy";

/** The code of what went wrong, to hand to somebody who helps; with the id of its request, if there was one. */
export function Code({ code, requestID }: { code: string; requestID?: string | undefined }) {
  const [text, label] = requestID ? [`${code} ${requestID}`, t.ui.copyCodeAndID] : [code, t.ui.copyCode];
  return (
    <span className="inline-flex items-center gap-1 text-sm text-faint">
      <code>{code}</code>
      <Copy text={text} label={label} />
    </span>
  );
}
