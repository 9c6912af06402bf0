import { useEffect, useState } from "react";

import { type Factors, factors, type Method, methodsOf, proveBy, proveElsewhere } from "../api/factors";
import { answer } from "../api/proof";
import { t } from "../locales";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Skeleton } from "../ui/Empty";
import { Input, PasswordInput } from "../ui/Field";
import { Segmented } from "../ui/Segmented";
import { FormProblem } from "./FormProblem";

function useFactors(): Factors | undefined {
  const [found, setFound] = useState<Factors>();
  useEffect(() => {
    let gone = false;
    void factors().then((all) => !gone && setFound(all));
    return () => {
      gone = true;
    };
  }, []);
  return found;
}

interface WayProps {
  method: Method;
  value: string;
  onChange: (value: string) => void;
}

/** What is asked for. */
function Way({ method, value, onChange }: WayProps) {
  const words = t.auth.stepUp;
  const field = {
    value,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
    autoFocus: true,
    required: true,
  };
  if (method === "passkey") return <p>{words.passkey}</p>;
  if (method === "password")
    return <PasswordInput label={words.password} autoComplete="current-password" {...field} />;
  return <Input mono label={words.code} help={words.codeHelp} autoComplete="one-time-code" {...field} />;
}

/** Somebody who has nothing to prove it with here proves it where they sign in. */
function Elsewhere({ providers }: { providers: Factors["providers"] }) {
  const words = t.auth.stepUp;
  const [error, setError] = useState<unknown>();
  if (providers.length === 0) return <p>{words.noWay}</p>;
  return (
    <>
      <p>{words.elsewhere}</p>
      {providers.map(({ id, name }) => (
        <Button key={id} onClick={() => void proveElsewhere(id).catch(setError)}>
          {words.signInWith(name)}
        </Button>
      ))}
      <FormProblem error={error} />
    </>
  );
}

/** Asks the person to prove that it is them, once for everything that waits for it. */
export function StepUpDialog() {
  const words = t.auth.stepUp;
  const found = useFactors();
  const methods = found ? methodsOf(found) : [];
  const [chosen, setChosen] = useState<Method>();
  const method = chosen ?? methods[0];
  const [value, setValue] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const choose = (next: Method) => {
    setChosen(next);
    setValue("");
    setError(undefined);
  };
  const submit = async () => {
    if (!method || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await proveBy(method, value);
      answer(true);
    } catch (failed) {
      setError(failed);
      setValue("");
    }
    setBusy(false);
  };
  return (
    <Dialog
      open
      onClose={() => answer(false)}
      onSubmit={() => void submit()}
      title={words.title}
      lead={words.lead}
      foot={
        <>
          <Button onClick={() => answer(false)}>{t.ui.cancel}</Button>
          {method && (
            <Button kind="primary" type="submit" busy={busy}>
              {method === "passkey" ? words.byPasskey : words.submit}
            </Button>
          )}
        </>
      }
    >
      <div className="form">
        {methods.length > 1 && method && (
          <Segmented
            full
            size="normal"
            label={words.method}
            value={method}
            onChange={choose}
            options={methods.map((each) => ({ value: each, label: words.methods[each] }))}
          />
        )}
        {!found && <Skeleton label={t.ui.loading} lines={2} />}
        {method && <Way key={method} method={method} value={value} onChange={setValue} />}
        {found && !method && <Elsewhere providers={found.providers} />}
        <FormProblem error={error} />
      </div>
    </Dialog>
  );
}
