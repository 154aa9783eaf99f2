export function Logo() {
  return (
    <span class="logo">
      <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="7" />
        <path d="M8 23 16 8l8 15M11.5 17.5h9" />
      </svg>
      <span>Aloha</span>
    </span>
  );
}
