import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { c } from "../../locales/tls";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import type { Fact } from "../../ui/Facts";
import { type Look, looks } from "../../ui/mark";
import { Standing } from "../../ui/Standing";
import { authorityAt } from "./acme";
import { ModeDialog } from "./ModeDialog";
import { troubled } from "./names";
import { OwnDialog } from "./OwnDialog";
import type { Acme, Mode as ModeName, Tls } from "./types";
import { Until } from "./Until";

const words = c.facts;

/** What signs by ACME: a known authority, which browsers trust, or one at an address. */
function ofAcme({ directory }: Acme): Pick<Said, "title" | "says"> {
  const { title, says, saysOther } = c.modes.acme;
  const known = authorityAt(directory);
  if (known !== "other") return { title: title(c.authorities.names[known]), says };
  return { title: title(URL.canParse(directory) ? new URL(directory).host : directory), says: saysOther };
}

interface Said {
  look: Look;
  title: string;
  says: string;
}

/** What is in force, as a sentence, and what it means. */
function said({ mode, acme, pair }: Tls): Said {
  if (mode === "acme") {
    if (!acme.agreed) return { look: looks.warning, ...c.unset };
    return { look: looks.ok, ...ofAcme(acme) };
  }
  if (mode === "manual" && !pair) return { look: looks.critical, ...c.unread };
  return { look: looks.ok, ...c.modes[mode] };
}

function acmeFacts({ acme }: Tls): Fact[] {
  const { provider } = acme.dns;
  const challenge = c.challenge.names[acme.challenge];
  return [
    [words.authority, <code key="a">{acme.directory}</code>],
    [words.contact, acme.email],
    [
      words.challenge,
      acme.challenge === "dns" && provider ? words.at(challenge, c.challenge.providers[provider]) : challenge,
    ],
  ];
}

function pairFacts({ pair, certificate_file: file, key_file: key }: Tls): Fact[] {
  if (!pair) return [];
  return [
    [words.names, pair.names.join(", ")],
    [words.issuer, pair.issuer],
    [words.ends, <Until key="e" at={pair.not_after} />],
    [
      words.source,
      pair.uploaded ? (
        words.uploaded
      ) : (
        <span key="s" className="flex flex-wrap gap-x-2">
          <code>{file}</code> <code>{key}</code>
        </span>
      ),
    ],
  ];
}

const facts: Partial<Record<ModeName, (state: Tls) => Fact[]>> = {
  acme: (state) => (state.acme.agreed ? acmeFacts(state) : []),
  manual: pairFacts,
};

function Actions({ state }: { state: Tls }) {
  const [open, setOpen] = useState<"mode" | "own">();
  const { mode, mode_fixed: fixed, acme } = state;
  const close = () => setOpen(undefined);
  return (
    <>
      {mode === "acme" && (
        <Link
          className={buttonClass(acme.agreed ? { size: "small" } : { kind: "primary", size: "small" })}
          to={paths.tlsAcme()}
        >
          {acme.agreed ? c.changeAuthority : c.unset.action}
        </Link>
      )}
      {mode === "manual" && (
        <Button size="small" onClick={() => setOpen("own")}>
          {c.bringAnother}
        </Button>
      )}
      {!fixed && (
        <Button size="small" onClick={() => setOpen("mode")}>
          {c.change}
        </Button>
      )}
      {open === "mode" && <ModeDialog state={state} onClose={close} onOwn={() => setOpen("own")} />}
      {open === "own" && <OwnDialog state={state} onClose={close} />}
    </>
  );
}

/** Who signs: the mode in force, what it means, and the way to another. */
export function Mode({ state }: { state: Tls }) {
  const { mode, mode_fixed: fixed } = state;
  const { look, title, says } = said(state);
  const trouble = mode === "off" ? 0 : troubled(state.names, Date.now());
  return (
    <Standing
      label={c.choose.label}
      look={trouble > 0 && look.tone === "ok" ? looks.warning : look}
      title={title}
      actions={<Actions state={state} />}
      facts={facts[mode]?.(state) ?? []}
    >
      {trouble > 0 && <p>{c.trouble(trouble)}</p>}
      <p className="text-muted">{says}</p>
      {fixed && <p className="mt-1 text-sm text-muted">{c.fixed(`--tls=${mode}`)}</p>}
    </Standing>
  );
}
