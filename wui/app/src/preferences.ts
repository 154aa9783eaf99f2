// What a reader chose for this browser: language and theme. Nothing else is kept here.
const prefix = "aloha.";

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(prefix + name);
  } catch {
    return null; // storage may be forbidden
  }
}

// Empty: forgets.
export function remember(name: string, value: string): void {
  try {
    if (value) localStorage.setItem(prefix + name, value);
    else localStorage.removeItem(prefix + name);
  } catch {
    // Storage may be forbidden: the choice holds until the page is left.
  }
}
