import { useEffect, useRef, useState } from "react";

import { request } from "../../api/client";
import { type AcmeForm, dnsSecret, toAcme } from "./acme";
import type { Report } from "./types";

/** What was found out about a name, or why nothing was. */
export interface Checked {
  name: string;
  report?: Report;
  error?: unknown;
}

/** What is checked; what was found out holds as long as this stays the same. */
const keyOf = (form: AcmeForm, names: readonly string[]) =>
  JSON.stringify([{ ...toAcme(form), agreed: false }, dnsSecret(form), names]);

async function check(form: AcmeForm, name: string): Promise<Checked> {
  const secret = dnsSecret(form);
  try {
    const { data } = await request.POST("/api/v1/tls/check", {
      body: { name, acme: toAcme(form), ...(secret && { dns_secret: secret }) },
    });
    return { name, ...(data && { report: data }) };
  } catch (error) {
    return { name, error };
  }
}

/** Checks names one after the other, and keeps what was found out. */
export function useChecks() {
  const [of, setOf] = useState("");
  const [checked, setChecked] = useState<readonly Checked[]>([]);
  const [running, setRunning] = useState<string>();
  const last = useRef(0);
  useEffect(() => () => void last.current++, []); // nobody waits for it any more
  const start = async (form: AcmeForm, names: readonly string[]) => {
    const mine = ++last.current;
    setOf(keyOf(form, names));
    setChecked([]);
    for (const name of names) {
      setRunning(name);
      const found = await check(form, name);
      if (last.current !== mine) return;
      setChecked((before) => [...before, found]);
    }
    setRunning(undefined);
  };
  return {
    checked,
    /** The name that is looked at now. */
    running,
    start,
    isOf: (form: AcmeForm, names: readonly string[]) => of === keyOf(form, names),
  };
}
