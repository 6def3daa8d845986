// A dialog with a form: its fields, what went wrong, a button that does it and one that does not.
import type { ComponentChildren, JSX, RefObject } from "preact";
import { words } from "../words";
import { Button, ErrorNote } from "./parts";

interface Props {
  dialog: RefObject<HTMLDialogElement | null>;
  id: string;
  title: string;
  /** What the main button says. */
  does: string;
  deed: { busy: boolean; error: unknown };
  submit: (event: Event) => void;
  children: ComponentChildren;
}

export function FormDialog({ dialog, id, title, does, deed, submit, children }: Props): JSX.Element {
  return (
    <dialog ref={dialog} aria-labelledby={id}>
      <form class="stack" onSubmit={submit}>
        <h2 id={id}>{title}</h2>
        {children}
        {deed.error ? <ErrorNote error={deed.error} /> : null}
        <div class="form">
          <Button kind="main" type="submit" disabled={deed.busy}>
            {does}
          </Button>
          <Button onClick={() => dialog.current?.close()}>{words.value.action.cancel}</Button>
        </div>
      </form>
    </dialog>
  );
}
