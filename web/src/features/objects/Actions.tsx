import { Ellipsis, Trash2 } from "lucide-react";
import { lazy, Suspense, useState } from "react";

import { useMay } from "../../api/may";
import { o } from "../../locales/objects";
import { Button, IconButton } from "../../ui/Button";
import { Menu, MenuItem, MenuLine } from "../../ui/Menu";
import type { Verb } from "./changes";
import { ForwardButton } from "./ForwardButton";
import type { Listed, ObjectLook, Place } from "./types";
import { verbsOf } from "./verbs";

const ActDialog = lazy(async () => ({ default: (await import("./ChangeDialog")).ActDialog }));

interface ActionsProps {
  place: Place;
  look: ObjectLook;
  line: Listed | undefined;
}

const dangerous: readonly Verb[] = ["delete", "finalizers", "drain"];

/** What the person may do with an object: the usual thing as a button, the rest in a menu. */
export function Actions({ place, look, line }: ActionsProps) {
  const [verb, setVerb] = useState<Verb>();
  const applies = useMay("clusters.apply");
  const execs = useMay("pods.exec");
  const verbs = applies ? verbsOf(place.kind, look, line) : [];
  const buttons = verbs.filter((each) => !dangerous.includes(each) && each !== "label").slice(0, 2);
  const others = verbs.filter((each) => !buttons.includes(each));
  return (
    <div className="actions">
      {execs && <ForwardButton place={place} look={look} />}
      {buttons.map((each) => (
        <Button key={each} onClick={() => setVerb(each)}>
          {o.acts[each].label}
        </Button>
      ))}
      {others.length > 0 && (
        <Menu
          trigger={
            <IconButton kind="default" label={o.acts.more}>
              <Ellipsis className="icon" />
            </IconButton>
          }
        >
          {others
            .filter((each) => !dangerous.includes(each))
            .map((each) => (
              <MenuItem key={each} onSelect={() => setVerb(each)}>
                {o.acts[each].label}
              </MenuItem>
            ))}
          <MenuLine />
          {others
            .filter((each) => dangerous.includes(each))
            .map((each) => (
              <MenuItem
                key={each}
                danger
                icon={each === "drain" ? undefined : <Trash2 className="icon" aria-hidden="true" />}
                onSelect={() => setVerb(each)}
              >
                {o.acts[each].label}
              </MenuItem>
            ))}
        </Menu>
      )}
      {verb && (
        <Suspense>
          <ActDialog place={place} look={look} verb={verb} onClose={() => setVerb(undefined)} />
        </Suspense>
      )}
    </div>
  );
}
