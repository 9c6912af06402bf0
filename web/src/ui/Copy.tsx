import { Check, Copy as CopyIcon } from "lucide-react";
import { useEffect, useState } from "react";

import { t } from "../locales";
import { Button, IconButton } from "./Button";

function useCopied(text: string): [boolean, () => void] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  return [copied, () => void navigator.clipboard.writeText(text).then(() => setCopied(true))];
}

interface CopyProps {
  text: string;
  /** What is copied: "Copy code". */
  label: string;
  /** Shows the label too. */
  wide?: boolean;
}

/** Puts a text on the clipboard and says so. */
export function Copy({ text, label, wide }: CopyProps) {
  const [copied, copy] = useCopied(text);
  const icon = copied ? (
    <Check className="icon" aria-hidden="true" />
  ) : (
    <CopyIcon className="icon" aria-hidden="true" />
  );
  if (wide) {
    return (
      <Button size="small" icon={icon} onClick={copy}>
        {copied ? t.ui.copied : label}
      </Button>
    );
  }
  return (
    <IconButton size="small" label={copied ? t.ui.copied : label} onClick={copy}>
      {icon}
    </IconButton>
  );
}
