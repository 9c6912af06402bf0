import { useMutation, useQuery } from "@tanstack/react-query";
import { Fingerprint } from "lucide-react";

import { goTo, passkeysWork, type SignIn, signInByPasskey, waysQuery } from "../../api/ways";
import { ProblemBanner } from "../../layout/Problem";
import { t } from "../../locales";
import { Button } from "../../ui/Button";

/** Buttons that lead to the identity providers. */
export function Providers({ next, invitation }: { next: string; invitation?: string }) {
  const providers = useQuery(waysQuery()).data?.items ?? [];
  const leave = useMutation({
    mutationFn: (id: string) => goTo(id, { purpose: "sign_in", next, ...(invitation && { invitation }) }),
  });
  return (
    <>
      {leave.error && <ProblemBanner error={leave.error} />}
      {providers.map(({ id, name }) => (
        <Button
          key={id}
          size="large"
          className="min-w-0"
          busy={leave.isPending && leave.variables === id}
          onClick={() => leave.mutate(id)}
        >
          <span className="clip" title={name}>
            {t.auth.continueWith(name)}
          </span>
        </Button>
      ))}
    </>
  );
}

interface PasskeyProps {
  challenge?: string;
  primary?: boolean;
  children: string;
  onAnswer: (answer: SignIn) => void;
  onError?: (error: unknown) => void;
}

/** Has the person use a passkey. */
export function PasskeyButton({ challenge, primary, children, onAnswer, onError }: PasskeyProps) {
  const sign = useMutation({
    mutationFn: () => signInByPasskey(challenge),
    onSuccess: onAnswer,
    ...(onError && { onError }),
  });
  if (!passkeysWork()) return null;
  return (
    <>
      {sign.error && <ProblemBanner error={sign.error} />}
      <Button
        size="large"
        kind={primary ? "primary" : "default"}
        icon={<Fingerprint className="icon" aria-hidden="true" />}
        busy={sign.isPending}
        onClick={() => sign.mutate()}
      >
        {children}
      </Button>
    </>
  );
}
