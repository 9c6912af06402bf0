import "./quote.css";

import { t } from "../locales";
import { Copy } from "./Copy";

/** A long text of somebody else, whole, that can be selected and copied. */
export function Quote({ title, text }: { title: string; text: string }) {
  return (
    <div className="quote">
      <div className="row">
        <h3>{title}</h3>
        <span className="ml-auto">
          <Copy wide text={text} label={t.ui.copyAll} />
        </span>
      </div>
      <pre className="log" tabIndex={0} aria-label={title}>
        {text}
      </pre>
    </div>
  );
}
