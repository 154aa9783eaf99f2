import { useMemo } from "preact/hooks";
import { encode } from "uqr";

// For the camera of a phone: dark on light in both themes, with the margin of four modules that readers need.
export function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => draw(text), [text]);
  return (
    <svg class="qr-code" role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shape-rendering="crispEdges">
      <path d={path} />
    </svg>
  );
}

function draw(text: string): { size: number; path: string } {
  const { data } = encode(text, { ecc: "M", border: 4 });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return { size: data.length, path };
}
