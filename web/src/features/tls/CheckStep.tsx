import { useEffect, useEffectEvent } from "react";

import { ProblemBanner } from "../../layout/Problem";
import { c } from "../../locales/tls";
import { Banner } from "../../ui/Banner";
import { Button } from "../../ui/Button";
import { Checkbox } from "../../ui/Field";
import { Status } from "../../ui/mark";
import { type AcmeForm, directoryOf, passes } from "./acme";
import type { Finding } from "./types";
import type { Checked, useChecks } from "./useChecks";

const words = c.check;

const lookOf = ({ ok, hard }: Finding) => (ok ? "ok" : hard ? "critical" : "warning");

function Line({ finding }: { finding: Finding }) {
  const look = lookOf(finding);
  return (
    <li>
      <span className="font-medium">{words.what[finding.what]}</span>
      <div>
        <Status look={look}>{words.looks[look]}</Status>
        <p className="text-muted">{finding.text}</p>
      </div>
    </li>
  );
}

function OfName({ of: { name, report, error } }: { of: Checked }) {
  return (
    <section aria-label={name}>
      <h3 className="font-medium [overflow-wrap:anywhere]">{name}</h3>
      {report && (
        <ul className="tls-findings">
          {report.findings.map((finding) => (
            <Line key={finding.what} finding={finding} />
          ))}
        </ul>
      )}
      {error !== undefined && <ProblemBanner error={error} title={words.failed} />}
    </section>
  );
}

const passed = ({ report }: Checked) => report !== undefined && passes(report);

/** Whether a certificate would come for one of them at least. */
export const somePass = (checked: readonly Checked[]): boolean => checked.some(passed);

function Verdict({ checked }: { checked: readonly Checked[] }) {
  if (checked.every(passed)) return null;
  return (
    <Banner
      look={somePass(checked) ? "warning" : "critical"}
      title={somePass(checked) ? words.some : words.none}
    />
  );
}

/** The terms, which are known once the authority has answered. */
function Terms({ form, set, terms }: { form: AcmeForm; set: (agreed: string) => void; terms: string }) {
  const directory = directoryOf(form);
  return (
    <div className="grid gap-1">
      <Checkbox
        label={words.agree}
        checked={form.agreed === directory}
        onChange={(event) => set(event.target.checked ? directory : "")}
        required
      />
      {terms && (
        <p className="text-sm">
          <a className="underline" href={terms} target="_blank" rel="noreferrer">
            {words.terms}
          </a>
        </p>
      )}
    </div>
  );
}

interface FindingsProps {
  form: AcmeForm;
  names: readonly string[];
  checks: ReturnType<typeof useChecks>;
  onAgree: (agreed: string) => void;
}

/** What the authority would find, and its terms. */
export function Findings({ form, names, checks, onAgree }: FindingsProps) {
  const { checked, running, start, isOf } = checks;
  const begin = useEffectEvent(() => {
    if (!isOf(form, names)) void start(form, names);
  });
  useEffect(() => begin(), []);
  const terms = checked.find(({ report }) => report?.terms)?.report?.terms ?? "";
  return (
    <>
      <div className="grid gap-4" aria-live="polite">
        {checked.map((each) => (
          <OfName key={each.name} of={each} />
        ))}
        {running && (
          <p>
            <Status look="running">{words.running(running)}</Status>{" "}
            {form.challenge === "dns" && <span className="text-muted">{words.slow}</span>}
          </p>
        )}
        {!running && <Verdict checked={checked} />}
      </div>
      {!running && (
        <>
          <div>
            <Button size="small" onClick={() => void start(form, names)}>
              {words.again}
            </Button>
          </div>
          {somePass(checked) && <Terms form={form} set={onAgree} terms={terms} />}
        </>
      )}
    </>
  );
}
