import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { bytes } from "../format";
import { t } from "../i18n";
import { Icon } from "./icon";

interface FilePickerProps {
  label: string;
  accept: string;
  file: File | undefined;
  help?: ComponentChildren;
  error?: string | undefined;
  onChange: (file: File | undefined) => void;
}

// A file, chosen or dropped.
export function FilePicker({ label, accept, file, help, error, onChange }: FilePickerProps) {
  const id = useId();
  const drop = (event: DragEvent) => {
    event.preventDefault();
    onChange(event.dataTransfer?.files[0]);
  };
  return (
    <div class={`field ${error ? "invalid" : ""}`}>
      <label class="field-label" for={id}>
        {label}
      </label>
      <div class="field-control">
        <div class="file-picker" onDragOver={(event) => event.preventDefault()} onDrop={drop}>
          <input
            id={id}
            type="file"
            accept={accept}
            aria-invalid={error ? "true" : undefined}
            aria-describedby={`${id}-text`}
            onChange={(event) => onChange(event.currentTarget.files?.[0])}
            // Closing the browser's own window is no wish to close the dialog around it.
            onCancel={(event) => event.stopPropagation()}
          />
          <span class="button" aria-hidden="true">
            <Icon name="upload" /> {t("file.choose")}
          </span>
          <span class="file-name">{file ? `${file.name} (${bytes(file.size)})` : <span class="quiet">{t("file.none")}</span>}</span>
        </div>
        <div id={`${id}-text`} class="field-text">
          {error ? (
            <p class="field-error" role="alert">
              <Icon name="cross" /> <span>{error}</span>
            </p>
          ) : (
            help && <p class="quiet">{help}</p>
          )}
        </div>
      </div>
    </div>
  );
}
