// Line icons of 16 units, drawn for this application. They are decoration beside a word: hidden from screen readers.
const paths = {
  check: "M3 8.5 6.5 12 13 4.5",
  cross: "M4 4l8 8M12 4l-8 8",
  warning: "M8 2.5 14.5 13.5H1.5ZM8 6.5v3.2M8 11.6v.2",
  dash: "M4 8h8",
  info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.3v3.5M8 5v.2",
  question: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM6.3 6.4a1.75 1.75 0 1 1 2.5 1.7c-.5.3-.8.6-.8 1.2M8 11.2v.2",
  drain: "M8 2.5v7M5 6.8l3 3 3-3M3 13h10",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  wrench: "M10.2 2.6a3.4 3.4 0 0 0-3.5 4.6L2.5 11.4a1.5 1.5 0 0 0 2.1 2.1l4.2-4.2a3.4 3.4 0 0 0 4.6-3.5l-2 2-2.2-.6-.6-2.2Z",
  dashboard: "M2.5 12.5a5.8 5.8 0 1 1 11 0M8 9.5l2.5-3.5M4.6 9.5h.1M8 5.2v.1M11.4 9.5h.1",
  network: "M8 2.5v3M5.5 2.5h5v3h-5ZM2 10.5h4v3H2ZM10 10.5h4v3h-4ZM8 5.5V8M4 10.5V8h8v2.5",
  config: "M2.5 4.5h6M11.5 4.5h2M10 3v3M2.5 8h2M7.5 8h6M6 6.5v3M2.5 11.5h6M11.5 11.5h2M10 10v3",
  services: "M8 2v5M5 3.6a5.2 5.2 0 1 0 6 0",
  certificate: "M8 1.8 13 3.6v4c0 3.2-2.2 5.5-5 6.6-2.8-1.1-5-3.4-5-6.6v-4ZM5.7 8l1.7 1.7 3-3.4",
  log: "M3 3.5h10M3 6.5h10M3 9.5h7M3 12.5h5",
  history: "M3 8a5 5 0 1 0 1.6-3.7M2.6 2.8v2.4H5M8 5v3.2l2.2 1.3",
  setup: "M8 10.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4ZM8 1.8v1.8M8 12.4v1.8M1.8 8h1.8M12.4 8h1.8M3.6 3.6l1.3 1.3M11.1 11.1l1.3 1.3M3.6 12.4l1.3-1.3M11.1 4.9l1.3-1.3",
  user: "M8 7.8a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4ZM2.8 13.6c.5-2.5 2.6-3.8 5.2-3.8s4.7 1.3 5.2 3.8",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.5 10.5 13.5 13.5",
  copy: "M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3",
  play: "M4.5 3 12.5 8 4.5 13Z",
  stop: "M4 4h8v8H4Z",
  restart: "M13 8A5 5 0 1 1 11.4 4.3M13.4 2.8v2.4H11",
  reload: "M2.8 7A5.2 5.2 0 0 1 12.5 5.2M13.2 9A5.2 5.2 0 0 1 3.5 10.8M12.8 2.6v2.8H10M3.2 13.4v-2.8H6",
  download: "M8 2.5v7.5M5 7.2l3 3 3-3M2.5 13h11",
  upload: "M8 10.5v-8M5 5.3l3-3 3 3M2.5 13h11",
  save: "M2.5 2.5h8.5l2.5 2.5v8.5h-11ZM5 2.5v3.5h5v-3.5M5 13.5v-4h6v4",
  lock: "M4 7.2h8v6.3H4ZM5.5 7.2V5a2.5 2.5 0 0 1 5 0v2.2",
  key: "M5.5 13a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM7.7 7.9 13 2.6M11 4.6l2 2",
  down: "M4 6l4 4 4-4",
  up: "M4 10l4-4 4 4",
  right: "M6 4l4 4-4 4",
  plus: "M8 3v10M3 8h10",
  trash: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9M7 7v4M9 7v4",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1",
  leave: "M9.5 2.5h-6v11h6M6.5 8h7M11 5.5 13.5 8 11 10.5",
  globe: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM2 8h12M8 2c-4.5 4-4.5 8 0 12M8 2c4.5 4 4.5 8 0 12",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, class: extra }: { name: IconName; class?: string }) {
  return (
    <svg class={`icon ${extra ?? ""}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
