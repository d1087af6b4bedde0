import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Status } from "../service/types";
import { plain, SIGNS } from "./words";

/** A state by its word and a sign; the colour only repeats it. */
export function Badge({ status }: { status: Status }) {
  return (
    <span class={`badge ${status}`}>
      <span aria-hidden="true">{SIGNS[status]}</span> {status}
    </span>
  );
}

/** The heading of a view: it takes the focus when the view comes, so that a reader of the screen hears where they are. */
export function Title({ children, name }: { children: ComponentChildren; name: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    document.title = `${name} · Gradmill`;
  }, [name]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}

export function Problem({ text }: { text: string }) {
  return text ? (
    <p class="problem" role="alert">
      {text}
    </p>
  ) : null;
}

export function Progress({ label, epoch, epochs }: { label: string; epoch: number; epochs: number | null }) {
  return <progress aria-label={label} max={epochs ?? 1} value={epochs === null ? 0 : epoch} />;
}

interface ChoiceProps {
  id: string;
  value: string;
  options: string[];
  onPick: (value: string) => void;
  describedBy?: string | undefined;
  invalid?: boolean;
  plain?: boolean; // whether the options are words of the service, to be shown without underscores
}

export function Choice(props: ChoiceProps) {
  const options = props.options.includes(props.value) ? props.options : [props.value, ...props.options];
  return (
    <select
      id={props.id}
      aria-describedby={props.describedBy}
      aria-invalid={props.invalid || undefined}
      value={props.value}
      onChange={(event) => props.onPick(event.currentTarget.value)}
    >
      {options.map((each) => (
        <option key={each} value={each}>
          {props.plain === false ? each : plain(each)}
        </option>
      ))}
    </select>
  );
}
