// Libraries that draw by themselves want colours as #rrggbb; tokens are OKLCH and differ by theme.
let canvas: CanvasRenderingContext2D | null = null;

/** The colour of a token as it is where the element stands, as #rrggbb. */
export function ink(element: HTMLElement, token: string): string {
  canvas ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!canvas) return "#808080";
  const probe = element.appendChild(document.createElement("span"));
  probe.style.color = `var(--${token})`;
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = getComputedStyle(probe).color;
  probe.remove();
  canvas.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = canvas.getImageData(0, 0, 1, 1).data;
  return `#${((red << 16) | (green << 8) | blue).toString(16).padStart(6, "0")}`;
}
