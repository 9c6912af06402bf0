import { useEffect, useState } from "react";
import { type DefaultValues, type FieldValues, useForm } from "react-hook-form";

/**
 * A form of a thing that others may change meanwhile. Untouched, it shows what the thing is
 * now; once touched, it keeps what was typed and the revision it was begun from, so that a
 * write over newer words is refused and not lost.
 */
export function useEdit<T extends { rev: number }, F extends FieldValues>(
  thing: T,
  toForm: (thing: T) => DefaultValues<F>,
) {
  const [base, setBase] = useState(thing);
  const form = useForm<F>({ defaultValues: toForm(base) });
  const { isDirty, isSubmitting } = form.formState;
  const load = (next: T) => {
    setBase(next);
    form.reset(toForm(next) as F);
  };
  useEffect(() => {
    if (!isDirty && !isSubmitting && thing.rev !== base.rev) load(thing);
  });
  return { form, base, load };
}
