import { useState } from "react";

import { k } from "../../locales/clusters";
import { Choice } from "../../ui/Choice";
import { Quote } from "../../ui/Quote";
import { apply, print, type Reach } from "./serviceAccount";

const words = k.account;

/** How to make an account for Unity in a cluster, with no more rights than it needs. */
export function ServiceAccount() {
  const [reach, setReach] = useState<Reach>("view");
  return (
    <details className="cluster-fold">
      <summary>{words.title}</summary>
      <div className="form wide">
        <p className="text-muted">{words.lead}</p>
        <Choice
          label={words.reach}
          value={reach}
          onChange={setReach}
          options={(["view", "change"] as const).map((value) => ({ value, label: words.reaches[value] }))}
        />
        <p className="help">{words.means[reach]}</p>
        <Quote title={words.make} text={apply(reach)} />
        <Quote title={words.print} text={print} />
        <p className="help">{words.k3s}</p>
      </div>
    </details>
  );
}
