import type { ComponentChildren } from "preact";

interface Props {
  id: string;
  label: string;
  error?: string | string[] | undefined; // each stands on a line of its own
  help?: string;
  children: (described: string | undefined, isInvalid: boolean) => ComponentChildren;
}

/** A label, what it names, and what is wrong with it. */
export function Field({ id, label, error, help, children }: Props) {
  const errors = [error ?? []].flat();
  const described = [help && `${id}-help`, errors.length > 0 && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(described, errors.length > 0)}
      {help && (
        <p class="soft" id={`${id}-help`}>
          {help}
        </p>
      )}
      <Wrong id={`${id}-error`} messages={errors} />
    </div>
  );
}

/** What is wrong, each on a line of its own. */
export function Wrong({ id, messages }: { id?: string; messages: string[] }) {
  if (messages.length === 0) return null;
  return (
    <div class="wrong" id={id}>
      {messages.map((each) => (
        <p key={each}>{each}</p>
      ))}
    </div>
  );
}

interface TextProps {
  id: string;
  label: string;
  value: string;
  placeholder?: string;
  help?: string;
  error?: string | string[] | undefined;
  isNumber?: boolean;
  onType: (value: string) => void;
  onEnter?: (() => void) | undefined; // else it sends the form
}

export function TextField({ value, placeholder, isNumber, onType, onEnter, ...others }: TextProps) {
  return (
    <Field {...others}>
      {(described, isInvalid) => (
        <input
          id={others.id}
          value={value}
          placeholder={placeholder}
          inputMode={isNumber ? "decimal" : "text"}
          autocomplete="off"
          aria-describedby={described}
          aria-invalid={isInvalid || undefined}
          onInput={(event) => onType(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (!onEnter || event.key !== "Enter" || event.isComposing) return;
            event.preventDefault();
            onEnter();
          }}
        />
      )}
    </Field>
  );
}
