// What the keys do.
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useSignalEffect } from "@preact/signals";
import { words } from "../words";
import { helpIsOpen } from "./keyboard";
import { Button } from "./parts";

export function Help(): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useSignalEffect(() => {
    if (helpIsOpen.value) dialog.current?.showModal();
  });
  const { help, action } = words.value;
  return (
    <dialog ref={dialog} aria-labelledby="help-title" onClose={() => (helpIsOpen.value = false)}>
      <div class="stack">
        <h2 id="help-title">{help.title}</h2>
        <dl class="keys">
          {help.keys.map(([key, meaning]) => (
            <>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{meaning}</dd>
            </>
          ))}
        </dl>
        <Button onClick={() => dialog.current?.close()}>{action.close}</Button>
      </div>
    </dialog>
  );
}
