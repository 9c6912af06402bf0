import { createPortal } from "react-dom";

import type { components } from "../../api/schema";
import { b } from "../../locales/backup";
import { Facts } from "../../ui/Facts";
import { exact } from "../../ui/format";
import "./kit.css";

const words = b.kitPage;

/** A recovery kit that was just made. */
export type MadeKit = components["schemas"]["KitFile"];

const code = (text: string) => <code>{text}</code>;

/** What stands on the paper: for a person first, then for a program. */
export function KitSheet({ kit }: { kit: MadeKit }) {
  const steps = kit.replica ? words.fromReplica : words.fromCopy;
  return (
    <article className="kit" aria-label={words.sheet}>
      <h2>{words.sheet}</h2>
      <p>{words.secret}</p>
      <Facts
        facts={[
          [words.appliance, kit.host],
          [words.instance, code(kit.instance)],
          [words.replica, kit.replica ? code(kit.replica) : words.noReplica],
          [words.made, exact(kit.made_at)],
        ]}
      />
      <h3>{words.steps}</h3>
      <ol>
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <div className="sealed">
        <pre role="group" aria-label={words.block} tabIndex={0}>
          {kit.block}
        </pre>
        {kit.qr_png && <img src={`data:image/png;base64,${kit.qr_png}`} alt={words.picture} />}
      </div>
      <p className="hand">
        <span>{words.keptBy}</span>
        <span>{words.date}</span>
      </p>
    </article>
  );
}

/** The same beside the application, which is not printed. */
export function KitPrint({ kit }: { kit: MadeKit }) {
  return createPortal(
    <div className="kit-print">
      <KitSheet kit={kit} />
    </div>,
    document.body,
  );
}
