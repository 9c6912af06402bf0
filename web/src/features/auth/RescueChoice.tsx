import { useState } from "react";

import type { FoundCopy } from "./answers";
import { b } from "../../locales/backup";
import { Choice } from "../../ui/Choice";
import { Facts } from "../../ui/Facts";
import { Input } from "../../ui/Field";
import { bytes, exact } from "../../ui/format";
import { looks, Status } from "../../ui/mark";
import { instant, wall } from "../../ui/zone";

const words = b.rescue;

/** Which copy, and which moment of it; without a time, the newest. */
export interface Chosen {
  instance: string;
  time: string | undefined;
}

const short = (instance: string) => instance.slice(-8);
const spanOf = ({ oldest, newest }: FoundCopy) =>
  oldest && newest ? words.span(exact(oldest), exact(newest)) : "";

interface CopyCardProps {
  copy: FoundCopy;
  chosen: boolean;
  /** Undefined: there is no other. */
  onChoose: (() => void) | undefined;
}

function CopyCard({ copy, chosen, onChoose }: CopyCardProps) {
  const { host, instance, bytes: size, moments, version } = copy;
  return (
    <label className="grid gap-1 rounded-md border border-line-strong px-3 py-2">
      <span className="row">
        {onChoose && (
          <input type="radio" name="copy" className="check" checked={chosen} onChange={onChoose} />
        )}
        <span className="min-w-0 flex-1 font-medium break-words">{host}</span>
        <Status look={looks.ok}>{words.opens}</Status>
      </span>
      <span className="text-sm text-muted">{spanOf(copy)}</span>
      <span className="text-sm text-muted" title={instance}>
        {words.content(bytes(size), moments)} · {words.version(version)} · <code>…{short(instance)}</code>
      </span>
    </label>
  );
}

interface TimeFieldProps {
  copy: FoundCopy;
  time: string;
  onTime: (time: string) => void;
}

const field = (at: string) => wall(Date.parse(at)).toISOString().slice(0, 19);

function TimeField({ copy: { oldest, newest }, time, onTime }: TimeFieldProps) {
  return (
    <Input
      tall
      required
      type="datetime-local"
      step={1}
      label={words.time}
      help={words.timeHelp}
      {...(oldest && { min: field(oldest) })}
      {...(newest && { max: field(newest) })}
      value={field(time)}
      onChange={(event) =>
        event.target.value && onTime(new Date(instant(event.target.value) + 999).toISOString())
      }
    />
  );
}

interface RescueChoiceProps {
  copies: readonly FoundCopy[];
  chosen: Chosen;
  onChange: (chosen: Chosen) => void;
}

/** What is there, and which moment of it shall come back. */
export function RescueChoice({ copies, chosen, onChange }: RescueChoiceProps) {
  const [at, setAt] = useState<"newest" | "time">(chosen.time ? "time" : "newest");
  const copy = copies.find(({ instance }) => instance === chosen.instance) ?? copies[0];
  if (!copy) return null;
  const latest = copy.newest ?? copy.created_at;
  return (
    <>
      <div className="grid gap-2" role="group" aria-label={words.which}>
        {copies.map((each) => (
          <CopyCard
            key={each.instance}
            copy={each}
            chosen={each.instance === copy.instance}
            onChoose={
              copies.length > 1
                ? () => {
                    setAt("newest");
                    onChange({ instance: each.instance, time: undefined });
                  }
                : undefined
            }
          />
        ))}
      </div>
      <Choice
        label={words.to}
        value={at}
        onChange={(next) => {
          setAt(next);
          onChange({ ...chosen, time: next === "time" ? latest : undefined });
        }}
        options={[
          { value: "newest", label: words.newest },
          { value: "time", label: words.atTime },
        ]}
      />
      {at === "time" ? (
        <TimeField
          copy={copy}
          time={chosen.time ?? latest}
          onTime={(time) => onChange({ ...chosen, time })}
        />
      ) : (
        <Facts facts={[[words.newest, exact(latest)]]} />
      )}
    </>
  );
}
