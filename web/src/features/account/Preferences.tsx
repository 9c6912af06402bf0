import { useState } from "react";

import type { components } from "../../api/schema";
import { t } from "../../locales";
import { languages, setLanguage } from "../../locales/choice";
import { Choice } from "../../ui/Choice";
import { Section } from "../../ui/Facts";
import { Input, Select } from "../../ui/Field";
import { exact } from "../../ui/format";
import { setTheme, type Theme, useTheme } from "../../ui/theme";
import { setZone } from "../../ui/zone";
import { useKeep } from "./useSaveMe";

const words = t.account;

type User = components["schemas"]["User"];
type Language = User["language"] & ("" | "en" | "pl");

const zones = Intl.supportedValuesOf("timeZone");
const known = new Set([...zones, "UTC", ""]);

function Zone({ user }: { user: User }) {
  const [text, setText] = useState(user.time_zone);
  const [left, setLeft] = useState(false);
  const keep = useKeep();
  const change = (next: string) => {
    setText(next);
    setLeft(false);
    if (!known.has(next) || next === user.time_zone) return;
    keep.mutate({ body: { time_zone: next } }, { onSuccess: () => setZone(next) });
  };
  return (
    <>
      <Input
        list="time-zones"
        label={words.zone}
        help={words.zoneHelp(exact(Date.now()))}
        error={left && !known.has(text) ? words.noZone : undefined}
        placeholder={Intl.DateTimeFormat().resolvedOptions().timeZone}
        value={text}
        onChange={(event) => change(event.target.value)}
        onBlur={() => setLeft(true)}
        spellCheck={false}
        autoComplete="off"
      />
      <datalist id="time-zones">
        {zones.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  );
}

/** Language, theme and time zone; each in force as soon as it is chosen, wherever the person signs in. */
export function Preferences({ user }: { user: User }) {
  const theme = useTheme();
  const keep = useKeep();
  const choose = (next: Theme) => {
    setTheme(next);
    keep.mutate({ body: { theme: next === "system" ? "" : next } });
  };
  const speak = (code: Language) =>
    keep.mutate({ body: { language: code } }, { onSuccess: () => setLanguage(code) });
  return (
    <Section title={words.preferences}>
      <div className="form">
        <Select
          label={words.language}
          value={user.language}
          onChange={(event) => speak(event.target.value as Language)}
        >
          <option value="">{words.browserLanguage}</option>
          {languages.map(({ code, name }) => (
            <option key={code} value={code} lang={code}>
              {name}
            </option>
          ))}
        </Select>
        <Choice
          label={words.theme}
          value={theme}
          onChange={choose}
          options={(["system", "light", "dark"] as const).map((value) => ({
            value,
            label: t.layout.theme[value],
          }))}
        />
        <Zone user={user} />
      </div>
    </Section>
  );
}
