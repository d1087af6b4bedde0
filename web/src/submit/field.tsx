import type { ComponentChildren } from "preact";

interface Props {
  id: string;
  label: string;
  error?: string | undefined;
  help?: string;
  children: (described: string | undefined, isInvalid: boolean) => ComponentChildren;
}

/** A label, what it names, and what is wrong with it. */
export function Field({ id, label, error, help, children }: Props) {
  const described = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(described, Boolean(error))}
      {help && (
        <p class="soft" id={`${id}-help`}>
          {help}
        </p>
      )}
      {error && (
        <p class="wrong" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

interface TextProps {
  id: string;
  label: string;
  value: string;
  placeholder?: string;
  help?: string;
  error?: string | undefined;
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
