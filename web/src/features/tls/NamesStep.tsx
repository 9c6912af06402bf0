import { Plus } from "lucide-react";
import { useState } from "react";

import { c } from "../../locales/tls";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { AddName } from "./AddName";
import { isWildcard } from "./names";
import type { Name } from "./types";

const words = c.acmeNames;

/** The names that are asked for: those that people gave. */
export function NamesList({ names }: { names: readonly Name[] }) {
  const [adding, setAdding] = useState(false);
  const add = (
    <Button icon={<Plus className="icon" aria-hidden="true" />} onClick={() => setAdding(true)}>
      {c.names.add}
    </Button>
  );
  return (
    <>
      {names.length === 0 ? (
        <Empty title={words.none} action={add}>
          {words.noneBody}
        </Empty>
      ) : (
        <>
          <ul className="rows" aria-label={c.names.title}>
            {names.map(({ name }) => (
              <li key={name}>
                <span className="min-w-0 font-medium [overflow-wrap:anywhere]">{name}</span>
                {isWildcard(name) && <span className="ml-auto text-sm text-muted">{words.wildcard}</span>}
              </li>
            ))}
          </ul>
          <div>{add}</div>
        </>
      )}
      {adding && <AddName onClose={() => setAdding(false)} />}
    </>
  );
}
