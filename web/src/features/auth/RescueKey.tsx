import { type ChangeEvent, useRef, useState } from "react";

import { b } from "../../locales/backup";
import { Button } from "../../ui/Button";
import { Choice } from "../../ui/Choice";
import { PasswordInput, Textarea } from "../../ui/Field";
import type { Answers } from "./answers";

const words = b.rescue;
const largest = 100_000; // of a kit

interface OpenProps {
  onText: (text: string) => void;
  onTooLarge: () => void;
}

function OpenFile({ onText, onTooLarge }: OpenProps) {
  const input = useRef<HTMLInputElement>(null);
  const read = async (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    event.target.value = ""; // the same file can be opened again
    if (!file) return;
    if (file.size > largest) return onTooLarge();
    onText(await file.text());
  };
  return (
    <div>
      <input ref={input} hidden type="file" aria-label={words.open} onChange={(event) => void read(event)} />
      <Button size="small" onClick={() => input.current?.click()}>
        {words.open}
      </Button>
    </div>
  );
}

interface RescueKeyProps {
  answers: Answers;
  set: (change: Partial<Answers>) => void;
}

/** What opens the vault: a recovery kit with its passphrase, or the master key. */
export function RescueKey({ answers, set }: RescueKeyProps) {
  const [tooLarge, setTooLarge] = useState(false);
  const take = (change: Partial<Answers>) => {
    setTooLarge(false);
    set(change);
  };
  const error = tooLarge ? words.tooLarge : undefined;
  const kit = answers.how === "kit";
  return (
    <>
      <Choice
        label={words.how}
        value={answers.how}
        onChange={(how) => take({ how })}
        options={(["kit", "key"] as const).map((value) => ({ value, label: words.hows[value] }))}
      />
      {kit ? (
        <>
          <Textarea
            mono
            required
            rows={4}
            label={words.kit}
            help={words.kitHelp}
            error={error}
            value={answers.kit}
            onChange={(event) => take({ kit: event.target.value })}
          />
          <OpenFile onText={(text) => take({ kit: text })} onTooLarge={() => setTooLarge(true)} />
          <PasswordInput
            tall
            required
            label={words.kitPassphrase}
            autoComplete="off"
            value={answers.passphrase}
            onChange={(event) => take({ passphrase: event.target.value })}
          />
        </>
      ) : (
        <>
          <PasswordInput
            tall
            required
            label={words.masterKey}
            help={words.masterKeyHelp}
            error={error}
            autoComplete="off"
            value={answers.key}
            onChange={(event) => take({ key: event.target.value })}
          />
          <OpenFile onText={(text) => take({ key: text.trim() })} onTooLarge={() => setTooLarge(true)} />
        </>
      )}
    </>
  );
}
